//! Links that lead elsewhere than to the web or to a mailbox, and annotations that would run a
//! script in the browser of who follows them.
//!
//! Backstage accepts them, and so does validation; but they are not served.

use callboard_model::{annotation, url_scheme};
use serde_json::{Map, Value};

/// The schemes of links that are served.
const LINKED: [&str; 3] = ["http", "https", "mailto"];

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

/// Schemes that run a script wherever they stand: no annotation has a use for one.
const SCRIPTS: [&str; 4] = ["javascript", "vbscript", "livescript", "mocha"];

/// Takes dangerous links and annotations out of `metadata`, and says which.
pub(super) fn drop_dangerous(entity: &mut Value) -> Vec<String> {
    let Some(metadata) = entity.get_mut("metadata").and_then(Value::as_object_mut) else {
        return Vec::new();
    };
    let mut dropped = drop_links(metadata);
    dropped.extend(drop_annotations(metadata));
    dropped
}

fn drop_links(metadata: &mut Map<String, Value>) -> Vec<String> {
    let Some(links) = metadata.get_mut("links").and_then(Value::as_array_mut) else {
        return Vec::new();
    };
    let mut dropped = Vec::new();
    let mut index = 0;
    links.retain(|link| {
        let url = link.get("url").and_then(Value::as_str).unwrap_or_default();
        let scheme = url_scheme(url).filter(|scheme| !LINKED.contains(&scheme.as_str()));
        if let Some(scheme) = &scheme {
            dropped.push(format!(
                "metadata.links.{index} was dropped: its URL has the scheme {scheme}:, and only http, https and mailto are served"
            ));
        }
        index += 1;
        scheme.is_none()
    });
    dropped
}

/// Where Backstage's front end makes links of them, the URL is replaced as Backstage does when it
/// stitches; others go. Source: Backstage `performStitching`.
fn drop_annotations(metadata: &mut Map<String, Value>) -> Vec<String> {
    let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) else {
        return Vec::new();
    };
    let mut dropped = Vec::new();
    let found: Vec<(String, String)> = annotations
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), dangerous_scheme(key, value.as_str()?)?)))
        .collect();
    for (key, scheme) in found {
        let done = if matches!(key.as_str(), annotation::VIEW_URL | annotation::EDIT_URL) {
            annotations.insert(key.clone(), Value::String(annotation::REJECTED_URL.to_owned()));
            "replaced"
        } else {
            annotations.shift_remove(&key);
            "dropped"
        };
        dropped.push(format!(
            "metadata.annotations.{key} was {done}: its URL has the scheme {scheme}:, which is not safe to follow"
        ));
    }
    dropped
}

/// The scheme of an annotation's value, if nobody should follow it. `data:` and its like may begin
/// a text that is no URL, and count only where a URL is expected.
fn dangerous_scheme(key: &str, value: &str) -> Option<String> {
    if matches!(key, annotation::MANAGED_BY_LOCATION | annotation::MANAGED_BY_ORIGIN_LOCATION) {
        return None;
    }
    let scheme = match url_scheme(value)?.as_str() {
        "url" => url_scheme(value.split_once(':')?.1)?,
        scheme => scheme.to_owned(),
    };
    let lower = key.to_ascii_lowercase();
    let is_url = ["url", "link", "href"].iter().any(|end| lower.ends_with(end))
        || key == annotation::SOURCE_LOCATION;
    // Where a descriptor is read from the disk, its sources are there, too.
    let is_own_file = key == annotation::SOURCE_LOCATION && scheme == "file";
    let is_dangerous = SCRIPTS.contains(&scheme.as_str())
        || is_url && DANGEROUS.contains(&scheme.as_str()) && !is_own_file;
    is_dangerous.then_some(scheme)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_links_to_the_web_and_to_mailboxes_are_served() {
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
        assert_eq!(drop_dangerous(&mut entity).len(), 5);
        assert_eq!(
            entity,
            json!({"metadata": {"links": [
                {"url": "https://ok.example"}, {"url": "mailto:a@b.example"},
            ]}})
        );
    }

    #[test]
    fn annotations_with_a_script_are_not_served_and_others_stay() {
        let mut entity = json!({"metadata": {"annotations": {
            "backstage.io/view-url": "java\nscript:alert(1)",
            "backstage.io/edit-url": "data:text/html,x",
            "backstage.io/source-location": "url:vbscript:x",
            "grafana/dashboard-url": "data:text/html,x",
            "acme.example/note": " javascript:alert(1)",
            "backstage.io/managed-by-location": "file:/srv/a.yaml",
            "backstage.io/techdocs-ref": "dir:.",
            "acme.example/team": "data:platform",
        }}});
        assert_eq!(drop_dangerous(&mut entity).len(), 5);
        assert_eq!(
            entity["metadata"]["annotations"],
            json!({
                "backstage.io/view-url": annotation::REJECTED_URL,
                "backstage.io/edit-url": annotation::REJECTED_URL,
                "backstage.io/managed-by-location": "file:/srv/a.yaml",
                "backstage.io/techdocs-ref": "dir:.",
                "acme.example/team": "data:platform",
            })
        );
    }
}
