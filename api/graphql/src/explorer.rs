//! The explorer: a page to write queries in, with nothing from elsewhere.
//!
//! It works under `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'`.
//! The page is for `GET /graphql` of a browser; it asks for `graphql/explorer.js`,
//! `graphql/explorer.css` and `graphql/schema.graphql` beside its own address, posts queries to
//! that address, and follows subscriptions at `graphql/ws`. `?query=` and `?variables=`, or the
//! same after `#`, fill it in.

/// The page, `text/html; charset=utf-8`.
pub const PAGE: &str = include_str!("explorer/explorer.html");
/// Its script, `text/javascript; charset=utf-8`.
pub const SCRIPT: &str = include_str!("explorer/explorer.js");
/// Its style, `text/css; charset=utf-8`.
pub const STYLE: &str = include_str!("explorer/explorer.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_holds_no_code_and_names_no_other_host() {
        for forbidden in ["<style", "style=", " onclick", " onload", "javascript:", "<script>"] {
            assert!(!PAGE.contains(forbidden), "{forbidden}");
        }
        for text in [PAGE, SCRIPT, STYLE] {
            for forbidden in ["http://", "https://", "@import", "url(", "innerHTML", "eval("] {
                assert!(!text.contains(forbidden), "{forbidden}");
            }
        }
    }
}
