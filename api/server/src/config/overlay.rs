//! Several files made one.

use super::node::{Node, Value};

/// `over` laid on `base`: objects are merged, everything else replaces; `null` removes.
///
/// Source: Backstage `ConfigReader`, except that upstream keeps the `null`.
pub(super) fn overlay(base: Node, over: Node) -> Node {
    match (base.value, over.value) {
        (Value::Map(mut base_map), Value::Map(over_map)) => {
            for (key, node) in over_map {
                let merged = match base_map.swap_remove(&key) {
                    Some(existing) => overlay(existing, node),
                    None => node,
                };
                base_map.insert(key, merged);
            }
            Node { value: Value::Map(base_map), place: over.place, origin: over.origin }
        }
        (_, value) => Node { value, place: over.place, origin: over.origin },
    }
}
