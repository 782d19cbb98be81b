//! Prints the `OpenAPI` document of the routes:
//! `cargo run -p callboard-rest --example openapi > api/rest/openapi.json`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    let document = serde_json::to_string_pretty(&callboard_rest::openapi_document())?;
    writeln!(std::io::stdout(), "{document}")
}
