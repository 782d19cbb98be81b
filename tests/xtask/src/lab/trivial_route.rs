//! The limit of the machine: a route that answers ready-made bytes.

use std::{fs, path::Path};

use super::{
    http::Response,
    process::ends_with_us,
    server::{Launch, Started},
};

/// A trivial route that answers as `response` did: the same bytes under the same headers.
pub(crate) fn trivial_route(
    binary: &Path,
    room: &Path,
    response: &Response,
) -> anyhow::Result<Started> {
    let file = room.join("body");
    fs::write(&file, &response.body)?;
    let mut command = ends_with_us(binary);
    command.arg(&file);
    let own = ["content-length", "transfer-encoding", "date", "connection"];
    let headers = response.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    command.args(headers.map(|(name, value)| format!("{name}: {value}")));
    Launch::command(command, room)?.ready()
}
