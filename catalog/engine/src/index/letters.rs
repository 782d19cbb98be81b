//! Which letters occur in a text, in eight bytes.

/// A set of letters. Digits and the letters of English have a bit of their own, all else shares
/// the rest, so that a set may claim a letter that is not there but never misses one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Letters(u64);

const SHARED: u8 = 28;

impl Letters {
    /// The letters of a lower-cased text.
    pub(crate) fn of(text: &str) -> Self {
        let bits = text.bytes().map(|byte| match byte {
            b'a'..=b'z' => byte - b'a',
            b'0'..=b'9' => byte - b'0' + 26,
            other => other % SHARED + 36,
        });
        Self(bits.fold(0, |all, bit| all | 1 << bit))
    }

    /// Whether a text with these letters can contain one with `others`.
    pub(crate) const fn include(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }

    /// Whether one edit can lead from a text with these letters to one with `others`. One letter
    /// of several bytes counts as several.
    pub(crate) const fn are_near(self, others: Self) -> bool {
        const LETTER_BYTES: u32 = 4;
        let is_plain = (self.0 | others.0) >> 36 == 0;
        let limit = if is_plain { 1 } else { LETTER_BYTES + 1 };
        (self.0 & !others.0).count_ones() <= limit && (others.0 & !self.0).count_ones() <= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_never_rule_out_what_holds() {
        let texts = ["ledger", "payments-ledger", "æøå straße", "10", "", "東京 ledger"];
        for text in texts {
            for (start, _) in text.char_indices() {
                for (end, _) in text.char_indices().skip_while(|(end, _)| *end < start) {
                    let part = text.get(start..end).unwrap();
                    assert!(Letters::of(text).include(Letters::of(part)), "{text} {part}");
                }
            }
        }
        for (one, other) in
            [("ledger", "lodger"), ("ledger", "ledgør"), ("a東b", "a京b"), ("ab", "b")]
        {
            assert!(Letters::of(one).are_near(Letters::of(other)), "{one} {other}");
        }
        assert!(!Letters::of("ledger").are_near(Letters::of("wallet")));
    }
}
