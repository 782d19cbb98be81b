//! The bound on the frames of a WebSocket, held before a frame's payload is there: the decoder
//! looks at the length only after it has kept the whole frame in memory.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;

/// The bytes of `inner` up to a frame that announces more than the limit; that one is an
/// [`PayloadError::Overflow`], and whatever follows it is read and forgotten.
pub(super) struct FrameLimit<S> {
    inner: S,
    frames: Frames,
    is_exceeded: bool,
}

impl<S> FrameLimit<S> {
    /// Frames of at most `limit` bytes.
    pub(super) fn new(inner: S, limit: u64) -> Self {
        let frames = Frames { limit, head: Vec::new(), left: 0 };
        Self { inner, frames, is_exceeded: false }
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for FrameLimit<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let bytes = match Pin::new(&mut self.inner).poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => bytes,
                other => return other,
            };
            if self.is_exceeded {
                continue;
            }
            self.is_exceeded = self.frames.pass(&bytes) == Passed::TooLong;
            let passed = if self.is_exceeded { Err(PayloadError::Overflow) } else { Ok(bytes) };
            return Poll::Ready(Some(passed));
        }
    }
}

/// Where in a stream of frames one is. Source: RFC 6455 §5.2.
struct Frames {
    limit: u64,
    /// The head of the next frame, as far as it has come; at most 14 bytes.
    head: Vec<u8>,
    /// What is to come of the payload of the last one.
    left: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Passed {
    Whole,
    TooLong,
}

impl Frames {
    fn pass(&mut self, mut bytes: &[u8]) -> Passed {
        loop {
            let skipped = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
            self.left = self.left.saturating_sub(u64::try_from(skipped).unwrap_or(u64::MAX));
            bytes = bytes.get(skipped..).unwrap_or_default();
            let Some((first, rest)) = bytes.split_first() else { return Passed::Whole };
            self.head.push(*first);
            bytes = rest;
            if let Some(length) = self.announced() {
                if length > self.limit {
                    return Passed::TooLong;
                }
                self.left = length;
                self.head.clear();
            }
        }
    }

    /// The length of the payload, once the whole head is there.
    fn announced(&self) -> Option<u64> {
        let second = *self.head.get(1)?;
        let mask_bytes = if second & 0x80 == 0 { 0 } else { 4 };
        let length_bytes = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if self.head.len() < 2 + length_bytes + mask_bytes {
            return None;
        }
        let long = self.head.get(2..2 + length_bytes)?;
        let long = long.iter().fold(0, |length: u64, byte| length << 8 | u64::from(*byte));
        Some(if length_bytes == 0 { u64::from(second & 0x7f) } else { long })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: usize, announced: &[u8]) -> Vec<u8> {
        [&[0x81][..], announced, &[1, 2, 3, 4], &vec![0; length]].concat()
    }

    fn pass(limit: u64, bytes: &[u8], piece: usize) -> bool {
        let mut frames = Frames { limit, head: Vec::new(), left: 0 };
        bytes.chunks(piece).all(|piece| frames.pass(piece) == Passed::Whole)
    }

    #[test]
    fn frames_are_followed_however_they_are_cut() {
        let three = [
            frame(5, &[0x85]),
            frame(300, &[0xfe, 1, 44]),
            frame(70_000, &[0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x70]),
            frame(0, &[0x80]),
        ]
        .concat();
        for piece in [1, 2, 3, 7, 1_000, 100_000] {
            assert!(pass(70_000, &three, piece), "{piece}");
            assert!(!pass(69_999, &three, piece), "{piece}");
            assert!(!pass(299, &three, piece), "{piece}");
        }
    }

    #[test]
    fn a_frame_is_refused_by_its_head_alone() {
        assert!(!pass(65_536, &frame(0, &[0xff, 0, 0, 1, 0, 0, 0, 0, 0]), 100));
        assert!(!pass(65_536, &frame(0, &[0xff, 0, 0, 0, 0, 0, 1, 0, 1]), 100));
    }
}
