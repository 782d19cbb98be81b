//! A hash of what was read, to notice that it is the same.

use sha1::{Digest, Sha1};

/// The SHA-1 of `content` in hexadecimal.
pub(crate) fn of(content: &[u8]) -> String {
    let mut text = String::with_capacity(40);
    for byte in Sha1::digest(content) {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    text
}
