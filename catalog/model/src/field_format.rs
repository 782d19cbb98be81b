//! The formats of the fields of an entity.
//!
//! Source: Backstage catalog-model 1.10.1, `KubernetesValidatorFunctions`,
//! `CommonValidatorFunctions` and `makeValidator`.

const NAME_LIMIT: usize = 63;
const SUBDOMAIN_LIMIT: usize = 253;

/// `[<dns-subdomain>/]<letters and digits>`, such as `backstage.io/v1alpha1`.
pub fn is_api_version(text: &str) -> bool {
    is_prefixed(text, |suffix| {
        within(suffix, NAME_LIMIT) && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// A letter, then letters and digits; at most 63.
pub fn is_kind(text: &str) -> bool {
    within(text, NAME_LIMIT)
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Letters and digits separated by any of `-_.`, at most 63; case is kept.
pub fn is_object_name(text: &str) -> bool {
    let is_edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    within(text, NAME_LIMIT)
        && is_edge(text.bytes().next())
        && is_edge(text.bytes().next_back())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// A DNS label: lower-case letters and digits separated by `-`, at most 63.
pub fn is_namespace(text: &str) -> bool {
    is_dns_label(text)
}

/// `[<dns-subdomain>/]<object name>`.
pub fn is_label_key(text: &str) -> bool {
    is_prefixed(text, is_object_name)
}

/// Empty, or an object name.
pub fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_object_name(text)
}

/// As a label's key.
pub fn is_annotation_key(text: &str) -> bool {
    is_label_key(text)
}

/// Lower-case letters, digits and `:+#`, separated by single `-`; at most 63.
pub fn is_tag(text: &str) -> bool {
    within(text, NAME_LIMIT)
        && text.split('-').all(|part| {
            !part.is_empty()
                && part.bytes().all(|byte| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b":+#".contains(&byte)
                })
        })
}

/// A URL with a scheme. Relative ones are refused; `javascript:` and `mailto:` are not.
pub fn is_url(text: &str) -> bool {
    url::Url::parse(text).is_ok()
}

/// True if there is more than blanks.
pub fn is_not_blank(text: &str) -> bool {
    !text.trim().is_empty()
}

fn is_dns_label(text: &str) -> bool {
    within(text, NAME_LIMIT)
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_dns_subdomain(text: &str) -> bool {
    within(text, SUBDOMAIN_LIMIT) && text.split('.').all(is_dns_label)
}

fn is_prefixed(text: &str, is_suffix: impl Fn(&str) -> bool) -> bool {
    match text.split_once('/') {
        None => is_suffix(text),
        Some((prefix, suffix)) => is_dns_subdomain(prefix) && is_suffix(suffix),
    }
}

fn within(text: &str, limit: usize) -> bool {
    !text.is_empty() && text.len() <= limit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is_valid: impl Fn(&str) -> bool, table: &[(&str, bool)]) {
        for (text, expected) in table {
            assert_eq!(is_valid(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn api_versions_are_as_backstage_measures_them() {
        check(
            is_api_version,
            &[
                ("backstage.io/v1alpha1", true),
                ("v1", true),
                ("1.0", false),
                ("a_b/v1", false),
                ("A.io/v1", false),
                ("my-company.net/v1", true),
                ("a/b/c", false),
            ],
        );
    }

    #[test]
    fn kinds_are_as_backstage_measures_them() {
        let (longest, too_long) = ("A".repeat(63), "A".repeat(64));
        check(
            is_kind,
            &[
                ("Component", true),
                ("API", true),
                ("ai", true),
                ("1x", false),
                ("A-b", false),
                (&longest, true),
                (&too_long, false),
            ],
        );
    }

    #[test]
    fn names_are_as_backstage_measures_them() {
        let (longest, too_long) = ("a".repeat(63), "a".repeat(64));
        check(
            is_object_name,
            &[
                ("a", true),
                ("a-b_c.d", true),
                ("a..b", true),
                ("-a", false),
                ("a-", false),
                ("A.B", true),
                ("a b", false),
                ("å", false),
                (&longest, true),
                (&too_long, false),
                ("a/b", false),
                ("a\n", false),
            ],
        );
    }

    #[test]
    fn namespaces_are_as_backstage_measures_them() {
        check(
            is_namespace,
            &[
                ("default", true),
                ("my-ns", true),
                ("My", false),
                ("a_b", false),
                ("a.b", false),
                ("a--b", true),
                ("-a", false),
            ],
        );
    }

    #[test]
    fn label_keys_and_values_are_as_backstage_measures_them() {
        check(
            is_label_key,
            &[
                ("tier", true),
                ("lunar.app/tier", true),
                ("Lunar.app/tier", false),
                ("a/b/c", false),
                ("lunar.app/Zone", true),
                ("/x", false),
                ("x/", false),
            ],
        );
        check(is_label_value, &[("", true), ("EU", true), ("a b", false), ("a-b", true)]);
    }

    #[test]
    fn tags_are_as_backstage_measures_them() {
        check(
            is_tag,
            &[
                ("java", true),
                ("c++", true),
                ("c#", true),
                ("Java", false),
                ("a_b", false),
                ("go:1", true),
                ("a.b", false),
                ("a-b", true),
                ("-a", false),
                ("a--b", false),
            ],
        );
    }

    #[test]
    fn links_need_an_absolute_url() {
        check(
            is_url,
            &[
                ("https://x.example/y", true),
                ("/foo", false),
                ("javascript:alert(1)", true),
                ("mailto:a@b.example", true),
                ("", false),
            ],
        );
    }
}
