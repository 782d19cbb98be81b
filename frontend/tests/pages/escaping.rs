//! Hostile names, descriptions and links: nothing of them becomes markup, and nothing of them is
//! led to but the web and mail.

use serde_json::{Value, json};

use super::{
    html::{Tag, tags},
    portal::{recorded, show},
};

/// Each page with the recording it is made of.
const PAGES: [(&str, &str); 14] = [
    ("/catalog", "catalog"),
    ("/catalog/default/component/x", "component"),
    ("/catalog/default/group/x", "group"),
    ("/catalog/default/user/x", "user"),
    ("/catalog/default/location/x", "location"),
    ("/problems", "problems"),
    ("/clusters", "clusters"),
    ("/clusters/x", "cluster"),
    ("/catalog/default/component/x/runs-on", "runs-on"),
    ("/catalog/default/component/x/mesh", "entity-mesh"),
    ("/mesh", "mesh"),
    ("/mesh?view=table", "mesh"),
    ("/mesh/path?from=x&to=y", "mesh-path"),
    ("/workloads/unknown", "unknown-workloads"),
];

/// What tells of a moment or identifies: no cluster words it.
const OURS: [&str; 7] =
    ["__typename", "level", "id", "since", "observedAt", "lastSeen", "observedSince"];

const PAYLOADS: [&str; 16] = [
    "<script>alert(1)</script>",
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' onfocus='alert(1)' autofocus='",
    "</title><script>alert(1)</script>",
    "</textarea></pre></code><svg/onload=alert(1)>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<style>@import'//evil.example'</style>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "{{ 7 * 7 }}{% include \"x\" %}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "\u{202e}<ſcript>\u{0}\r\n\t<x",
];

/// The answer with every text of it replaced.
fn spoilt(value: &Value, payload: &str) -> Value {
    match value {
        Value::String(_) => json!(payload),
        Value::Array(items) => items.iter().map(|item| spoilt(item, payload)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, member)| match key.as_str() {
                ours if OURS.contains(&ours) || is_enum(member) => (key.clone(), member.clone()),
                // Any key may stand in the entity itself.
                "raw" => (key.clone(), json!({ payload: spoilt(member, payload) })),
                _ => (key.clone(), spoilt(member, payload)),
            })
            .collect(),
        other => other.clone(),
    }
}

/// Whether it is a value of an enum, such as `RECORDED`.
fn is_enum(value: &Value) -> bool {
    let is_letter = |one: char| one.is_ascii_uppercase() || one.is_ascii_digit() || one == '_';
    value.as_str().is_some_and(|text| text.len() > 1 && text.chars().all(is_letter))
}

/// Recordings of pages that show what descriptors say alone.
const CATALOG: [&str; 6] = ["catalog", "component", "group", "user", "location", "problems"];

async fn shape_of(uri: &str, answer: &Value) -> Vec<String> {
    let shown = show(uri, answer).await;
    assert_eq!(shown.status, 200, "{uri}: {}", shown.html);
    tags(&shown.html).iter().map(Tag::shape).collect()
}

#[actix_web::test]
async fn hostile_text_changes_no_element_of_any_page() {
    for (uri, name) in PAGES {
        let answer = recorded(name);
        let harmless = shape_of(uri, &spoilt(&answer, "harmless")).await;
        assert!(harmless.len() > 40, "{uri} shows next to nothing");
        for payload in PAYLOADS {
            let shape = shape_of(uri, &spoilt(&answer, payload)).await;
            assert_eq!(shape, harmless, "{uri} with {payload:?}");
        }
    }
}

#[actix_web::test]
async fn hostile_words_in_the_address_change_no_element() {
    let answer = recorded("catalog");
    let uri = |payload: &str| {
        let value: String = url::form_urlencoded::byte_serialize(payload.as_bytes()).collect();
        format!(
            "/catalog?filters[text]={value}&filters[kind]={value}&filters[owners]={value}\
             &filters[x]={value}&after={value}&sort={value}"
        )
    };
    let harmless = shape_of(&uri("harmless"), &answer).await;
    for payload in PAYLOADS {
        assert_eq!(shape_of(&uri(payload), &answer).await, harmless, "{payload:?}");
    }
    for (path, name) in [
        ("/clusters/x?namespace={}&text={}", "cluster"),
        ("/mesh?scope=cluster:{}", "mesh"),
        ("/mesh?scope=entity:{}&view=table", "mesh"),
        ("/mesh/path?from={}&to={}", "mesh-path"),
        ("/workloads/unknown?cluster={}&namespace={}&squad={}", "unknown-workloads"),
    ] {
        let answer = recorded(name);
        let uri = |payload: &str| {
            let value: String = url::form_urlencoded::byte_serialize(payload.as_bytes()).collect();
            path.replace("{}", &value)
        };
        let harmless = shape_of(&uri("harmless"), &answer).await;
        for payload in PAYLOADS {
            assert_eq!(shape_of(&uri(payload), &answer).await, harmless, "{path} {payload:?}");
        }
    }
}

#[actix_web::test]
async fn what_clusters_word_cannot_turn_what_stands_beside_it() {
    let hostile = "\u{202e}gpj.exe";
    for (uri, name) in PAGES.into_iter().filter(|(_, name)| !CATALOG.contains(name)) {
        let html = show(uri, &spoilt(&recorded(name), hostile)).await.html;
        for (before, _) in
            html.match_indices('\u{202e}').filter_map(|(at, _)| html.split_at_checked(at))
        {
            let is_attribute = before
                .rfind('"')
                .is_some_and(|quote| before.get(..quote).is_some_and(|start| start.ends_with('=')));
            let element = before.rfind('<').and_then(|at| before.get(at..)).unwrap();
            let holds = ["<bdi", "<code", "<option", "<a ", "<h1", "<title", "<time"];
            let is_apart = holds.iter().any(|start| element.starts_with(start));
            assert!(is_attribute || is_apart, "{uri}: in {element}");
        }
    }
}

#[actix_web::test]
async fn no_page_has_scripts_or_styles_of_its_own() {
    for (uri, name) in PAGES.into_iter().chain([("/", "catalog")]) {
        for tag in tags(&show(uri, &recorded(name)).await.html) {
            let is_code = ["script", "style", "iframe", "object", "base"].contains(&&*tag.name);
            assert!(!is_code, "{uri}: {tag:?}");
            for (attribute, _) in &tag.attributes {
                assert!(attribute != "style" && !attribute.starts_with("on"), "{uri}: {tag:?}");
            }
        }
    }
}

#[actix_web::test]
async fn pages_lead_to_the_web_and_to_mail_only() {
    const URLS: [&str; 14] = [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "java\u{0}script:alert(1)",
        "\u{1}javascript:alert(1)",
        " javascript:alert(1)",
        "javascript:https://x.example/",
        "data:text/html;base64,PHNjcmlwdD4=",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "//evil.example",
        "https:evil.example",
        "\\\\evil.example",
        "view-source:https://x.example",
    ];
    for hostile in URLS {
        for (uri, name) in PAGES {
            let mut answer = recorded(name);
            spoil_addresses(&mut answer, hostile);
            let shown = show(uri, &answer).await;
            assert_eq!(shown.status, 200);
            for tag in tags(&shown.html) {
                let Some(address) = tag.attribute("href").or(tag.attribute("src")) else {
                    continue;
                };
                let is_own = address.starts_with('/') && !address.starts_with("//");
                let is_safe = is_own
                    || ["#", "https://", "http://", "mailto:"]
                        .iter()
                        .any(|start| address.starts_with(start));
                assert!(is_safe, "{uri} leads to {address:?}");
            }
        }
    }
}

#[actix_web::test]
async fn what_leads_out_tells_nothing_and_gives_no_handle() {
    let shown = show("/catalog/default/component/x", &recorded("component")).await;
    let out: Vec<_> = tags(&shown.html)
        .into_iter()
        .filter(|tag| tag.attribute("href").is_some_and(|url| url.starts_with("http")))
        .collect();
    assert!(!out.is_empty());
    for tag in out {
        assert_eq!(tag.attribute("rel"), Some("noopener noreferrer"), "{tag:?}");
        assert_eq!(tag.attribute("target"), None, "{tag:?}");
    }
}

/// Puts `hostile` everywhere an address can stand.
fn spoil_addresses(value: &mut Value, hostile: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| spoil_addresses(item, hostile)),
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                match key.as_str() {
                    "url" | "viewUrl" | "editUrl" | "sourceUrl" => {
                        *member = json!(hostile);
                    }
                    "targets" => *member = json!([hostile]),
                    "location" | "value" => *member = json!(format!("url:{hostile}")),
                    _ => spoil_addresses(member, hostile),
                }
            }
            if members.contains_key("uid") {
                members.insert("links".to_owned(), json!([{ "url": hostile, "title": "x" }]));
            }
        }
        _ => {}
    }
}
