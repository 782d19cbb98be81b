//! Patterns of paths, matched part by part so that a walk visits no folder in vain.

use std::{
    ffi::OsStr,
    path::{Component, Path, PathBuf},
};

use globset::{GlobBuilder, GlobMatcher};

/// A pattern such as `/srv/catalog/**/catalog-info.yaml`.
///
/// `*`, `?`, `[a-z]` and `{a,b}` stay within one part of the path; `**` stands for any number of
/// parts. Names that begin with a dot match only where the pattern has that dot.
#[derive(Debug, Clone)]
pub(crate) struct GlobPattern {
    base: PathBuf,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    AnyDepth,
    Name { matcher: GlobMatcher, takes_hidden: bool },
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum GlobPatternError {
    /// A part is not a glob.
    #[error("{part} is not a pattern")]
    Part {
        /// The part.
        part: String,
        /// Why.
        #[source]
        source: globset::Error,
    },
    /// It has more parts than anybody needs.
    #[error("a pattern may have at most {MAX_PARTS} parts")]
    TooLong,
}

const MAX_PARTS: usize = 60;

/// Which parts of a pattern may come next: one bit for each, and one for the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct States(u64);

impl States {
    /// Whether nothing can match from here.
    pub(crate) const fn is_dead(self) -> bool {
        self.0 == 0
    }

    /// Whether all that can match from there can match from here.
    pub(crate) const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl GlobPattern {
    /// Whether `text` has any of the characters that make a pattern.
    pub(crate) fn is_pattern(text: &str) -> bool {
        text.contains(['*', '?', '[', '{'])
    }

    /// Reads a pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, GlobPatternError> {
        let mut base = PathBuf::from("/");
        let mut parts = Vec::new();
        for part in text.split('/').filter(|part| !part.is_empty() && *part != ".") {
            if parts.is_empty() && !Self::is_pattern(part) {
                base.push(part);
                continue;
            }
            if part == "**" {
                if !matches!(parts.last(), Some(Part::AnyDepth)) {
                    parts.push(Part::AnyDepth);
                }
                continue;
            }
            let matcher = GlobBuilder::new(part)
                .literal_separator(true)
                .build()
                .map_err(|source| GlobPatternError::Part { part: part.to_owned(), source })?
                .compile_matcher();
            parts.push(Part::Name { matcher, takes_hidden: part.starts_with('.') });
        }
        if parts.len() > MAX_PARTS {
            return Err(GlobPatternError::TooLong);
        }
        Ok(Self { base, parts })
    }

    /// The folder above everything that can match.
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// The states at the base.
    pub(crate) fn start(&self) -> States {
        self.closure(1)
    }

    /// With every `**` of `bits` also what comes after it.
    fn closure(&self, mut bits: u64) -> States {
        for (index, part) in self.parts.iter().enumerate() {
            if matches!(part, Part::AnyDepth) && bits & (1 << index) != 0 {
                bits |= 1 << (index + 1);
            }
        }
        States(bits)
    }

    /// The states below an entry `name`.
    pub(crate) fn step(&self, states: States, name: &OsStr) -> States {
        let is_hidden = name.as_encoded_bytes().first() == Some(&b'.');
        let mut next = 0;
        for (index, part) in self.parts.iter().enumerate() {
            if states.0 & (1 << index) == 0 {
                continue;
            }
            match part {
                Part::AnyDepth if !is_hidden => next |= 1 << index,
                Part::Name { matcher, takes_hidden }
                    if (*takes_hidden || !is_hidden) && matcher.is_match(name) =>
                {
                    next |= 1 << (index + 1);
                }
                _ => {}
            }
        }
        self.closure(next)
    }

    /// Whether a `**` goes on in these states.
    pub(crate) fn has_any_depth(&self, states: States) -> bool {
        let goes_on = |(index, part): (usize, &Part)| {
            matches!(part, Part::AnyDepth) && states.0 & (1 << index) != 0
        };
        self.parts.iter().enumerate().any(goes_on)
    }

    pub(crate) fn is_final(&self, states: States) -> bool {
        states.0 & (1 << self.parts.len()) != 0
    }

    /// The states at `path`, an absolute path; dead if it is not below the base.
    pub(crate) fn states_of(&self, path: &Path) -> States {
        let Ok(below) = path.strip_prefix(&self.base) else { return States(0) };
        let mut states = self.start();
        for component in below.components() {
            let Component::Normal(name) = component else { return States(0) };
            states = self.step(states, name);
        }
        states
    }

    /// Whether `path` matches.
    pub(crate) fn is_match(&self, path: &Path) -> bool {
        self.is_final(self.states_of(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(pattern: &str, path: &str) -> bool {
        GlobPattern::parse(pattern).unwrap().is_match(Path::new(path))
    }

    #[test]
    fn a_star_stays_within_its_part_and_two_stars_do_not() {
        assert!(is_match("/a/*.yaml", "/a/b.yaml"));
        assert!(!is_match("/a/*.yaml", "/a/b/c.yaml"));
        assert!(is_match("/a/**/c.yaml", "/a/c.yaml"));
        assert!(is_match("/a/**/c.yaml", "/a/b/d/c.yaml"));
        assert!(is_match("/a/**", "/a/b/c"));
        assert!(is_match("/a/*/x-?.{yaml,yml}", "/a/b/x-1.yml"));
        assert!(!is_match("/a/**/c.yaml", "/b/c.yaml"));
    }

    #[test]
    fn names_with_a_dot_match_only_a_dot() {
        assert!(!is_match("/a/*", "/a/.b"));
        assert!(!is_match("/a/**/c.yaml", "/a/.git/c.yaml"));
        assert!(is_match("/a/.b/*.yaml", "/a/.b/c.yaml"));
        assert!(is_match("/a/*/.c*", "/a/b/.c.yaml"));
    }

    #[test]
    fn the_base_is_what_stands_before_the_first_pattern() {
        let pattern = GlobPattern::parse("/srv/./catalog/**/x/*.yaml").unwrap();
        assert_eq!(pattern.base(), Path::new("/srv/catalog"));
    }

    #[test]
    fn nonsense_is_an_error() {
        assert!(GlobPattern::parse("/a/[").is_err());
        assert!(GlobPattern::parse(&"/*".repeat(61)).is_err());
    }
}
