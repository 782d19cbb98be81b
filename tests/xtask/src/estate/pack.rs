//! Compressed files that are the same on every machine.

use anyhow::Context as _;
use flate2::{Compression, GzBuilder, read::GzDecoder};
use std::io::{Read as _, Write as _};
use std::path::Path;

/// The bytes of a file with this content: under gzip, without a time or a name in it, if the path
/// ends in `.gz`.
///
/// # Errors
///
/// Never in practice: memory does not refuse.
pub(crate) fn packed(path: &str, content: &[u8]) -> anyhow::Result<Vec<u8>> {
    if !is_packed(path) {
        return Ok(content.to_vec());
    }
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(content).context("cannot compress")?;
    encoder.finish().context("cannot compress")
}

/// The content of a file with these bytes; `None` if they are not what the path says.
///
/// Files are compared by this, so that another version of the compressor changes nothing.
pub(crate) fn content(path: &str, bytes: Vec<u8>) -> Option<Vec<u8>> {
    if !is_packed(path) {
        return Some(bytes);
    }
    let mut content = Vec::new();
    GzDecoder::new(bytes.as_slice()).read_to_end(&mut content).ok()?;
    Some(content)
}

fn is_packed(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "gz")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() -> anyhow::Result<()> {
        let text = b"vinterhavn ".repeat(100);
        let bytes = packed("a.gz", &text)?;
        assert!(bytes.len() < 60 && bytes == packed("a.gz", &text)?);
        assert_eq!(content("a.gz", bytes), Some(text.clone()));
        assert_eq!(content("a.gz", text.clone()), None);
        assert_eq!(content("a.json", packed("a.json", &text)?), Some(text));
        Ok(())
    }
}
