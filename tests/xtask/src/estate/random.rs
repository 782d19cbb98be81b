//! Chance that is the same on every machine and in every run.

/// Seed of the whole estate. Another seed makes another bank, so it stays.
const SEED: u64 = 0x1871_0b0a_4e0f_2d09;

/// A `SplitMix64` stream that belongs to one named thing.
///
/// Each thing draws from its own stream, so that adding a service changes that service's files and
/// nobody else's.
#[derive(Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// The stream of `name`: FNV-1a of the name, mixed with the seed.
    pub(crate) fn of(name: &str) -> Self {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { state: hash ^ SEED }
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 64 hexadecimal digits.
    pub(crate) fn digest(&mut self) -> String {
        let [a, b, c, d] = [self.bits(), self.bits(), self.bits(), self.bits()];
        format!("{a:016x}{b:016x}{c:016x}{d:016x}")
    }

    /// A number below `limit`; 0 if `limit` is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.bits().checked_rem(limit).unwrap_or(0)
    }

    /// Whether a thing that happens in `percent` of all cases happens now.
    pub(crate) fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`; `None` if there are none.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> Option<&'a T> {
        let index = usize::try_from(self.below(choices.len() as u64)).ok()?;
        choices.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_always_draws_the_same_numbers() {
        assert_eq!(Random::of("ledger-core").bits(), Random::of("ledger-core").bits());
        assert_ne!(Random::of("ledger-core").bits(), Random::of("ledger-cord").bits());
    }

    #[test]
    fn picking_from_nothing_is_nothing() {
        assert_eq!(Random::of("x").pick::<str>(&[]), None);
    }
}
