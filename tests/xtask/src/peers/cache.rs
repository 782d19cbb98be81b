//! Where peers that were built or unpacked are kept: outside the checkout, so that they outlive it.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

/// How many bytes of a digest name a folder.
const KEY_BYTES: usize = 6;

/// The folder of everything that was made of `recipe` under `name`; another recipe has another
/// folder. `None` if this machine has no home.
pub(super) fn folder(name: &str, recipe: &[&str]) -> Option<PathBuf> {
    Some(root()?.join(format!("{name}-{}", key(recipe))))
}

fn root() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(cache.join("callboard-peers"))
}

fn key(recipe: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in recipe {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    let start = digest.finalize().iter().take(8).fold(0, |key, byte| (key << 8) | u64::from(*byte));
    format!("{start:016x}").chars().take(2 * KEY_BYTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_recipe_has_another_key() {
        assert_eq!(key(&["a", "b"]), key(&["a", "b"]));
        assert_ne!(key(&["a", "b"]), key(&["ab", ""]));
        assert_eq!(key(&["a"]).len(), 2 * KEY_BYTES);
    }
}
