//! A reader of our own HTML: strict, so that whatever breaks out of its place is seen.

/// An element's start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
}

impl Tag {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// The name of the element and of its attributes.
    pub(crate) fn shape(&self) -> String {
        let names: Vec<_> = self.attributes.iter().map(|(name, _)| name.as_str()).collect();
        format!("{} {}", self.name, names.join(" "))
    }
}

/// Every start and end of an element, in order. Every `<` must begin one, every value must stand
/// in double quotes.
pub(crate) fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        let name_end = rest.find([' ', '>']).unwrap();
        let (name, after) = rest.split_at(name_end);
        assert!(
            name.chars().all(|one| one.is_ascii_alphanumeric() || "/!".contains(one)),
            "an element is named {name:?}"
        );
        let mut tag = Tag { name: name.to_owned(), attributes: Vec::new() };
        rest = after;
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('>') {
                rest = after;
                break;
            }
            let end = rest.find(['=', ' ', '>']).unwrap();
            let (name, after) = rest.split_at(end);
            assert!(
                name.chars().all(|one| one.is_ascii_lowercase() || one == '-'),
                "an attribute is named {name:?}"
            );
            let mut value = String::new();
            rest = after;
            if let Some(after) = rest.strip_prefix("=\"") {
                let (quoted, after) = after.split_once('"').unwrap();
                assert!(!quoted.contains('<'), "{quoted}");
                value = unescaped(quoted);
                rest = after;
            } else {
                assert!(!rest.starts_with('='), "{name} has a value without quotes");
            }
            tag.attributes.push((name.to_owned(), value));
        }
        tags.push(tag);
    }
    tags
}

fn unescaped(text: &str) -> String {
    [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
        .into_iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
