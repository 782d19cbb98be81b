//! Which URLs a page may lead to. The API leaves out unsafe links already; a page that is asked to
//! show one does not rely on it.

use url::Url;

/// The same URL if following it can run nothing: `http`, `https` with a host, or `mailto`.
pub(crate) fn safe_url(url: &str) -> Option<&str> {
    let is_clean = !url.chars().any(|one| one.is_control() || one.is_whitespace());
    let parsed = is_clean.then(|| Url::parse(url).ok())??;
    let is_safe = match parsed.scheme() {
        "http" | "https" => parsed.has_host() && has_authority(url),
        "mailto" => true,
        _ => false,
    };
    is_safe.then_some(url)
}

/// The web address in a location such as `url:https://host/path`.
pub(crate) fn location_url(location: &str) -> Option<&str> {
    location.strip_prefix("url:").and_then(safe_url)
}

/// `https:host` is a URL to a browser, but not to everybody who reads it.
fn has_authority(url: &str) -> bool {
    url.split_once(':').is_some_and(|(_, rest)| rest.starts_with("//"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_run_nothing_are_led_to() {
        for url in ["https://x.example/a?b#c", "HTTP://x", "mailto:a@b.example", "http://[::1]/"] {
            assert_eq!(safe_url(url), Some(url));
        }
        for url in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\tscript:alert(1)",
            "java\nscript:alert(1)",
            " javascript:alert(1)",
            "\u{1}javascript:alert(1)",
            "javascript&colon;alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:msgbox(1)",
            "file:///etc/passwd",
            "blob:https://x/1",
            "//x.example",
            "/catalog",
            "https:x.example",
            "https://",
            "\u{a0}https://x",
            "",
        ] {
            assert_eq!(safe_url(url), None, "{url:?}");
        }
    }

    #[test]
    fn the_address_of_a_location_is_its_target() {
        assert_eq!(location_url("url:https://x.example/a"), Some("https://x.example/a"));
        assert_eq!(location_url("file:/srv/a.yaml"), None);
        assert_eq!(location_url("url:javascript:alert(1)"), None);
    }
}
