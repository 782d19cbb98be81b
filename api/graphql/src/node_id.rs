//! Global ids of nodes: opaque and versioned.

use async_graphql::ID;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use callboard_model::EntityRef;

/// Version 1, an entity. Another kind of node takes another letter.
const ENTITY: &[u8] = b"\x01e";

/// The id of an entity.
pub(crate) fn encode(entity_ref: &EntityRef) -> ID {
    let text = entity_ref.as_str().as_bytes();
    ID(URL_SAFE_NO_PAD.encode([ENTITY, text].concat()))
}

/// The entity that an id stands for; `None` for ids that are not ours, which are answered like
/// those of things that do not exist.
pub(crate) fn decode(id: &str) -> Option<EntityRef> {
    let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
    let text = bytes.strip_prefix(ENTITY)?;
    EntityRef::from_canonical(std::str::from_utf8(text).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stands_for_its_entity_and_an_alien_one_for_nothing() {
        let entity_ref = EntityRef::new("component", "default", "a");
        assert_eq!(decode(&encode(&entity_ref)), Some(entity_ref));
        for alien in ["", "x", "component:default/a", "AWU", "AWVjb21wb25lbnQ", "\u{0}", "____"] {
            assert_eq!(decode(alien), None, "{alien:?}");
        }
    }
}
