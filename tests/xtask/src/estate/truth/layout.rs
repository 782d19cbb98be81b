//! The text of the truth: JSON with one thing a line, so that a change of one thing is a change of
//! one line.

use serde_json::Value;

/// `value` as text: fields of the whole, items of its lists and items of lists within those (calls
/// within a pair of clusters) each begin a line.
pub(super) fn text(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out.push('\n');
    out
}

fn write(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(fields) if depth == 0 => {
            let fields = fields.iter().map(|(name, field)| (Some(name), field));
            write_lines(out, ['{', '}'], fields, depth);
        }
        Value::Object(fields) if depth == 2 && fields.contains_key("edges") => {
            out.push('{');
            for (index, (name, field)) in fields.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_name(out, name);
                write(out, field, depth + 1);
            }
            out.push('}');
        }
        Value::Array(items) if (depth == 1 || depth == 3) && items.iter().any(Value::is_object) => {
            write_lines(out, ['[', ']'], items.iter().map(|item| (None, item)), depth);
        }
        other => out.push_str(&other.to_string()),
    }
}

fn write_name(out: &mut String, name: &str) {
    out.push_str(&Value::from(name).to_string());
    out.push_str(": ");
}

fn write_lines<'a>(
    out: &mut String,
    brackets: [char; 2],
    items: impl Iterator<Item = (Option<&'a String>, &'a Value)>,
    depth: usize,
) {
    let [open, close] = brackets;
    out.push(open);
    for (index, (name, item)) in items.enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&" ".repeat(depth + 1));
        if let Some(name) = name {
            write_name(out, name);
        }
        write(out, item, depth + 1);
    }
    out.push('\n');
    out.push_str(&" ".repeat(depth));
    out.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn things_stand_on_lines() {
        let value = json!({ "at": "now", "names": ["a", "b"], "pairs": [
            { "from": "x", "edges": [{ "to": "y", "n": 1 }, { "to": "z" }] },
        ] });
        let expected = concat!(
            "{\n \"at\": \"now\",\n \"names\": [\"a\",\"b\"],\n \"pairs\": [\n",
            "  {\"from\": \"x\", \"edges\": [\n    {\"to\":\"y\",\"n\":1},\n    {\"to\":\"z\"}\n   ]}\n",
            " ]\n}\n"
        );
        assert_eq!(text(&value), expected);
    }
}
