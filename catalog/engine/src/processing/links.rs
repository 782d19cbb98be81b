//! Links that would run a script in the browser of who follows them.
//!
//! Backstage accepts them, and so does validation; but they are not served.

use callboard_model::url_scheme;
use serde_json::Value;

/// Schemes that run or show what the link itself holds, or reach into the browser.
const DANGEROUS: [&str; 11] = [
    "javascript",
    "data",
    "vbscript",
    "livescript",
    "mocha",
    "blob",
    "filesystem",
    "about",
    "view-source",
    "jar",
    "file",
];

/// Takes dangerous links out of `metadata.links`, and says which.
pub(super) fn drop_dangerous(entity: &mut Value) -> Vec<String> {
    let links = entity.get_mut("metadata").and_then(|metadata| metadata.get_mut("links"));
    let Some(links) = links.and_then(Value::as_array_mut) else { return Vec::new() };
    let mut dropped = Vec::new();
    let mut index = 0;
    links.retain(|link| {
        let url = link.get("url").and_then(Value::as_str).unwrap_or_default();
        let scheme = url_scheme(url).filter(|scheme| DANGEROUS.contains(&scheme.as_str()));
        if let Some(scheme) = &scheme {
            dropped.push(format!(
                "metadata.links.{index} was dropped: its URL has the scheme {scheme}:, which is not safe to follow"
            ));
        }
        index += 1;
        scheme.is_none()
    });
    dropped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn links_with_a_script_are_dropped_however_they_are_written() {
        let urls = [
            "https://ok.example",
            "javascript:alert(1)",
            "JaVa\tscript:alert(1)",
            " \u{1}vbscript:x",
            "data:text/html,x",
            "mailto:a@b.example",
            "slack://channel",
        ];
        let links: Vec<_> = urls.iter().map(|url| json!({"url": url})).collect();
        let mut entity = json!({"metadata": {"links": links}});
        assert_eq!(drop_dangerous(&mut entity).len(), 4);
        assert_eq!(
            entity,
            json!({"metadata": {"links": [
                {"url": "https://ok.example"}, {"url": "mailto:a@b.example"}, {"url": "slack://channel"},
            ]}})
        );
    }
}
