//! The files that pages need, out of the binary.

use std::{fmt::Write as _, sync::LazyLock};

use actix_web::{HttpResponse, http::header, web};
use callboard_http::{Answer, ApiError, ErrorClass, Public};

use crate::mesh::MAX_NODES;

const CSS_FILE: &str = include_str!("assets/portal.css");
const ICON: &str = include_str!("assets/icon.svg");

/// The style sheet: the file, and what must be said of each node of a map.
static CSS: LazyLock<String> = LazyLock::new(|| format!("{CSS_FILE}{}", highlights(MAX_NODES)));

/// Addresses that change with the content, so that browsers may keep what they lead to for good.
static STYLESHEET: LazyLock<String> = LazyLock::new(|| address("portal.css", &CSS));
static ICON_ADDRESS: LazyLock<String> = LazyLock::new(|| address("icon.svg", ICON));

/// The address of the style sheet.
pub(crate) fn stylesheet() -> &'static str {
    &STYLESHEET
}

/// The address of the icon.
pub(crate) fn icon() -> &'static str {
    &ICON_ADDRESS
}

/// `GET /assets/{name}`.
pub(crate) async fn asset(_: Public, name: web::Path<String>) -> Answer {
    let (kind, body) = match name.as_str() {
        "portal.css" => ("text/css; charset=utf-8", CSS.as_str()),
        "icon.svg" => ("image/svg+xml", ICON),
        _ => return Err(ApiError::new(ErrorClass::NotFound, "There is no such file.")),
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'"))
        .body(body))
}

/// Rules by which a map shows the calls of the node that the pointer or the focus is on: without
/// scripts, each of its nodes needs one.
fn highlights(nodes: usize) -> String {
    let mut rules = String::new();
    for node in 0..nodes {
        let _infallible = writeln!(
            rules,
            "svg:has(.n{node}:is(:hover,:focus)) .e:not(.f{node},.t{node}){{stroke-opacity:.12}}"
        );
    }
    rules
}

fn address(name: &str, content: &str) -> String {
    format!("/assets/{name}?v={:08x}", fingerprint(content.as_bytes()))
}

/// FNV-1a.
fn fingerprint(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_changes_with_the_content() {
        assert_ne!(address("a.css", "x"), address("a.css", "y"));
        assert_eq!(fingerprint(b"a"), 0xe40c_292c);
    }

    #[test]
    fn the_style_sheet_takes_nothing_from_elsewhere() {
        assert!(!CSS.contains("url(") && !CSS.contains("@import"));
        assert!(!ICON.contains("script") && !ICON.contains("href"));
    }
}
