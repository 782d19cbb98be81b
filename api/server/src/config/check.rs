//! Whether every value stands where a known key expects it.

use url::Url;

use super::{
    duration,
    error::Problem,
    keys::{KeyTree, Shape},
    node::{Node, Value},
    transform::join,
};

/// What the check of a whole configuration found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Values of a wrong shape.
    pub(crate) problems: Vec<Problem>,
    /// Paths that no row of the table names, outermost first.
    pub(crate) unknown: Vec<String>,
    /// What is accepted and has no effect, each a sentence.
    pub(crate) warnings: Vec<String>,
}

impl Findings {
    /// Checks `root` against the table.
    pub(super) fn of(root: &Node) -> Self {
        let mut findings = Self::default();
        findings.walk(root, &KeyTree::new(), "");
        findings
    }

    /// One sentence that names every unknown key.
    pub(crate) fn unknown_sentence(&self) -> Option<String> {
        let names = self.unknown.join(", ");
        (!names.is_empty()).then(|| format!("these configuration keys are not known: {names}"))
    }

    fn walk(&mut self, node: &Node, tree: &KeyTree, path: &str) {
        if node.value == Value::Null {
            return;
        }
        let shapes = tree.rows.iter().map(|row| row.shape);
        if shapes.clone().any(|shape| shape == Shape::Ignored) {
            let about = tree.rows.first().map_or("", |row| row.about);
            self.warnings.push(format!("{path} at {} is ignored ({about})", node.place));
            return;
        }
        if shapes.clone().any(|shape| accepts(shape, node)) {
            return;
        }
        match (&node.value, &tree.items) {
            (Value::Map(map), _) if tree.takes_object() => {
                for (key, value) in map {
                    let path = join(path, key);
                    match tree.keys.get(key.as_str()).or(tree.any.as_deref()) {
                        Some(below) => self.walk(value, below, &path),
                        None => self.unknown.push(path),
                    }
                }
            }
            (Value::List(list), Some(below)) => {
                for (index, item) in list.iter().enumerate() {
                    self.walk(item, below, &format!("{path}[{index}]"));
                }
            }
            _ => self.problems.push(wrong(node, tree, path)),
        }
    }
}

fn wrong(node: &Node, tree: &KeyTree, path: &str) -> Problem {
    let mut expected: Vec<String> = tree.rows.iter().map(|row| row.shape.expectation()).collect();
    if tree.takes_object() {
        expected.push("an object".to_owned());
    }
    if tree.items.is_some() {
        expected.push("a list".to_owned());
    }
    let expected = expected.join(" or ");
    if tree.rows.iter().any(|row| row.shape == Shape::Secret) {
        return Problem::concealed(path, node, expected);
    }
    Problem::new(path, node, expected)
}

fn accepts(shape: Shape, node: &Node) -> bool {
    let is_text = node.text().is_some_and(|text| !text.is_empty());
    match shape {
        Shape::Text | Shape::Secret | Shape::Path => is_text,
        Shape::Number => node.number().is_some(),
        Shape::Flag => node.flag().is_some(),
        Shape::Url => node.text().is_some_and(is_http_url),
        Shape::Duration => duration::read(node).is_some(),
        Shape::DurationOrFalse => node.flag() == Some(false) || duration::read(node).is_some(),
        Shape::Choice(choices) => node.text().is_some_and(|text| choices.contains(&text)),
        Shape::Texts => is_text || is_list_of(node, |item| item.text().is_some()),
        Shape::Kinds => {
            is_list_of(node, |item| item.text().is_some() || item.get("kind").is_some())
        }
        Shape::Document => is_text || matches!(node.value, Value::Map(_)),
        Shape::Upstream | Shape::Ignored => true,
    }
}

fn is_list_of(node: &Node, is_item: impl Fn(&Node) -> bool) -> bool {
    matches!(node.value, Value::List(_)) && node.items().iter().all(is_item)
}

fn is_http_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
