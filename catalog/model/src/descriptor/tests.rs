//! Every peculiarity that `yaml` 2.9.1 was seen to have, and the budget.

use serde_json::json;

use super::*;

fn parse(text: &str) -> Vec<Document> {
    parse_descriptor(text.as_bytes(), &DescriptorLimits::default()).unwrap()
}

/// What is in the only document of `text`.
fn value(text: &str) -> Value {
    let mut documents = parse(text);
    assert_eq!(documents.len(), 1, "{text:?}");
    documents.pop().unwrap().content.unwrap()
}

fn error(text: &str) -> DescriptorError {
    parse(text).into_iter().find_map(|document| document.content.err()).unwrap()
}

#[test]
fn values_are_those_of_yaml() {
    for (text, expected) in [
        ("a: yes", json!({"a": "yes"})),
        ("a: 010", json!({"a": 10})),
        ("a: 777.0", json!({"a": 777})),
        ("a: \"1\"", json!({"a": "1"})),
        ("a: 2024-01-02", json!({"a": "2024-01-02"})),
        ("a: !!timestamp 2024-01-02", json!({"a": "2024-01-02T00:00:00.000Z"})),
        ("a: !Ref 12", json!({"a": "12"})),
        ("a: !!str", json!({"a": ""})),
        ("a: !!binary aGk=", json!({"a": {"type": "Buffer", "data": [104, 105]}})),
        ("a: {{ x }}", json!({"a": {"{ x }": null}})),
        ("1: a\ntrue: b\n~: c", json!({"1": "a", "true": "b", "": "c"})),
        ("a: &x {b: 1}\nc:\n  <<: *x", json!({"a": {"b": 1}, "c": {"<<": {"b": 1}}})),
        ("%YAML 1.1\n---\na: yes\nb: 010", json!({"a": true, "b": 8})),
        ("\u{FEFF}a: 1", json!({"a": 1})),
        ("a: |\n  b\n  c\n", json!({"a": "b\nc\n"})),
        ("a:\tb", json!({"a": "b"})),
        ("a: \"x\0y\"", json!({"a": "x\0y"})),
        ("{\"a\": [1, 2]}", json!({"a": [1, 2]})),
    ] {
        assert_eq!(value(text), expected, "{text:?}");
    }
}

#[test]
fn what_is_not_utf8_becomes_the_replacement_character() {
    let documents = parse_descriptor(b"a: \xFFx", &DescriptorLimits::default()).unwrap();
    assert_eq!(documents[0].content, Ok(json!({"a": "\u{FFFD}x"})));
}

#[test]
fn empty_documents_count_and_comments_do_not() {
    let shapes = |text: &str| -> Vec<bool> {
        parse(text).iter().map(|document| document.content == Ok(Value::Null)).collect()
    };
    assert_eq!(shapes("# only a comment\n"), Vec::<bool>::new());
    assert_eq!(shapes("---\n---\n---\n"), [true, true, true]);
    assert_eq!(shapes("a: 1\n---\n"), [false, true]);
    assert_eq!(shapes("---\na: 1\n...\n# end\n"), [false]);
    assert_eq!(shapes("a: 1\n--- # b\nb: 1\n"), [false, false]);
}

#[test]
fn a_broken_document_costs_its_siblings_nothing() {
    let documents = parse("a: 1\n---\nb: [1\n---\nc: 3\n");
    let good: Vec<bool> = documents.iter().map(|document| document.content.is_ok()).collect();
    assert_eq!(good, [true, false, true]);
    assert_eq!(documents[2].line, 4);
}

#[test]
fn errors_have_the_words_and_the_place_of_yaml() {
    for (text, expected) in [
        ("a: 1\na: 2", "Map keys must be unique at line 2, column 1"),
        ("a: b: c", "Nested mappings are not allowed in compact mappings at line 1, column 4"),
        ("a: `b`", "Plain value cannot start with reserved character ` at line 1, column 4"),
        (
            "{%- if x %}",
            "Plain value cannot start with directive indicator character % at line 1, column 2",
        ),
        ("a: \"b\" c", "Unexpected scalar at node end at line 1, column 8"),
        (
            "a:\n    b: 1\n  c: 2",
            "All mapping items must start at the same column at line 3, column 1",
        ),
        ("a:\n  - b\n\t- c", "Tabs are not allowed as indentation at line 3, column 1"),
        ("a: 'b\nc: d", "Missing closing 'quote at line 2, column 1"),
        (
            "x: 1\n---\na: *b",
            "Unresolved alias (the anchor must be set before the alias): b at line 3, column 4",
        ),
    ] {
        assert_eq!(error(text).to_string(), expected, "{text:?}");
    }
}

#[test]
fn an_error_shows_the_lines_around_it() {
    assert_eq!(
        error("a: 1\na: 2\n").backstage_text("url:https://h/x"),
        "YAML error at url:https://h/x, YAMLParseError: Map keys must be unique at line 2, column 1:\n\na: 1\na: 2\n^\n"
    );
}

#[test]
fn keys_of_different_types_are_not_the_same_key() {
    assert_eq!(value("1: a\n\"1\": b"), json!({"1": "b"}));
    assert!(matches!(error("1: a\n1: b").kind, DescriptorErrorKind::Syntax(_)));
}

#[test]
fn an_alias_is_followed_a_hundred_times() {
    let list = |count: usize| format!("a: &x 1\nb: [{}]", vec!["*x"; count].join(","));
    assert!(parse(&list(99))[0].content.is_ok());
    assert_eq!(
        error(&list(100)).message(),
        "Excessive alias count indicates a resource exhaustion attack"
    );
}

#[test]
fn bombs_end_with_an_error_that_says_where() {
    let laughs = (1..9).fold("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, level| {
        let uses = vec![format!("*a{}", level - 1); 9].join(",");
        format!("{text}a{level}: &a{level} [{uses}]\n")
    });
    let keys = (0..60_000).map(|key| format!("k{key}: 1")).collect::<Vec<_>>().join("\n");
    for text in [laughs, "[".repeat(100_000), "{a: ".repeat(1_000), "- ".repeat(1_000), keys] {
        let error = error(&text);
        assert!(error.line > 0 && error.column > 0);
    }
}

#[test]
fn a_file_or_a_document_beyond_the_limit_is_refused_unread() {
    let limits = DescriptorLimits { file_bytes: 8, ..DescriptorLimits::default() };
    assert!(parse_descriptor(b"a: 123456", &limits).is_err());
    let limits = DescriptorLimits { document_bytes: 8, ..DescriptorLimits::default() };
    let documents = parse_descriptor(b"a: 1\n---\nb: 123456\n---\n", &limits).unwrap();
    let refused: Vec<bool> = documents.iter().map(|document| document.content.is_err()).collect();
    assert_eq!(refused, [false, true, false]);
    let limits = DescriptorLimits { documents: 2, ..DescriptorLimits::default() };
    assert_eq!(parse_descriptor(b"---\n---\n---\n", &limits).unwrap_err().line, 3);
}

#[test]
fn a_file_of_too_many_documents_has_one_error_for_it() {
    let limits = DescriptorLimits { documents: 2, ..DescriptorLimits::default() };
    let file = "--- 1\n".repeat(100_000);
    let found: Vec<_> = documents(file.as_bytes(), &limits).unwrap().collect();
    assert_eq!(found.len(), 3);
    assert_eq!(found.iter().filter(|document| document.is_err()).count(), 1);
}
