//! Cursors of lists: opaque and versioned.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use callboard_catalog::query::{Direction, EntityOrder, SortKey};
use callboard_plugin::{ClusterName, WorkloadKey, WorkloadKind};

use crate::error::FieldError;

/// Version 1 of a place in a sorted list, and of a place in a ranked one.
const SORTED: u8 = 1;
const RANKED: u8 = 2;
/// Version 1 of a place in a list of workloads.
const WORKLOAD: u8 = 3;
/// The longest cursor that is read, in bytes.
const LIMIT_BYTES: usize = 4096;
/// The farthest place in a ranked list.
const MAX_RANK: usize = 10_000;

/// What stands in a cursor of a sorted list: the order it was made for, the values, the ref.
type Payload<'a> = (u32, Vec<Option<Box<str>>>, Cow<'a, str>);

/// The cursor of an entity that stands at `key` in `order`.
pub(crate) fn encode_sorted(key: &SortKey, order: &[EntityOrder]) -> String {
    let payload = (fingerprint(order), &key.values, &key.entity_ref);
    let mut bytes = vec![SORTED];
    // Writing to a Vec of text without map keys cannot fail; an empty cursor would be refused.
    if serde_json::to_writer(&mut bytes, &payload).is_err() {
        bytes.clear();
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The place that a cursor stands for.
///
/// # Errors
///
/// [`FieldError::Cursor`] if it is not one of ours or was made for another order.
pub(crate) fn decode_sorted(cursor: &str, order: &[EntityOrder]) -> Result<SortKey, FieldError> {
    let bytes = decoded(cursor, SORTED)?;
    let payload: Payload<'_> = serde_json::from_slice(&bytes).map_err(|_| FieldError::Cursor)?;
    let (made_for, values, entity_ref) = payload;
    if made_for != fingerprint(order) || values.len() != order.len() {
        return Err(FieldError::Cursor);
    }
    Ok(SortKey { values, entity_ref: entity_ref.into() })
}

/// The cursor of the hit at `rank`, counted from 0.
pub(crate) fn encode_ranked(rank: usize) -> String {
    let rank = u32::try_from(rank).unwrap_or(u32::MAX).to_be_bytes();
    URL_SAFE_NO_PAD.encode([&[RANKED], &rank[..]].concat())
}

/// The rank that a cursor stands for.
///
/// # Errors
///
/// [`FieldError::Cursor`] if it is not one of ours, or too far down.
pub(crate) fn decode_ranked(cursor: &str) -> Result<usize, FieldError> {
    let bytes = decoded(cursor, RANKED)?;
    let rank = <[u8; 4]>::try_from(bytes.as_slice()).map_err(|_| FieldError::Cursor)?;
    let rank = usize::try_from(u32::from_be_bytes(rank)).map_err(|_| FieldError::Cursor)?;
    if rank > MAX_RANK { Err(FieldError::Cursor) } else { Ok(rank) }
}

/// What stands in a cursor of a list of workloads: cluster, namespace, kind, name, rank.
type WorkloadPayload<'a> = (Cow<'a, str>, Cow<'a, str>, Cow<'a, str>, Cow<'a, str>, usize);

/// The cursor of a workload at `rank`, counted from 0.
pub(crate) fn encode_workload(cluster: &ClusterName, key: &WorkloadKey, rank: usize) -> String {
    let payload = (cluster.as_str(), &*key.namespace, key.kind.name(), &*key.name, rank);
    let mut bytes = vec![WORKLOAD];
    // As in `encode_sorted`.
    if serde_json::to_writer(&mut bytes, &payload).is_err() {
        bytes.clear();
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The place that a cursor of a list of workloads stands for.
///
/// # Errors
///
/// [`FieldError::Cursor`] if it is not one of ours.
pub(crate) fn decode_workload(
    cursor: &str,
) -> Result<(ClusterName, WorkloadKey, usize), FieldError> {
    let bytes = decoded(cursor, WORKLOAD)?;
    let payload: WorkloadPayload<'_> =
        serde_json::from_slice(&bytes).map_err(|_| FieldError::Cursor)?;
    let (cluster, namespace, kind, name, rank) = payload;
    let kind = WorkloadKind::ALL.into_iter().find(|known| known.name() == kind);
    let kind = kind.ok_or(FieldError::Cursor)?;
    let key = WorkloadKey { namespace: namespace.into(), kind, name: name.into() };
    Ok((ClusterName::new(&cluster), key, rank))
}

fn decoded(cursor: &str, version: u8) -> Result<Vec<u8>, FieldError> {
    if cursor.len() > LIMIT_BYTES {
        return Err(FieldError::Cursor);
    }
    let mut bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| FieldError::Cursor)?;
    if bytes.first() != Some(&version) {
        return Err(FieldError::Cursor);
    }
    bytes.remove(0);
    Ok(bytes)
}

/// FNV-1a of the order, so that a cursor is not taken for one of another order.
fn fingerprint(order: &[EntityOrder]) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    let mut add = |byte: u8| hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    for entry in order {
        entry.field.to_lowercase().bytes().for_each(&mut add);
        add(u8::from(entry.direction == Direction::Desc));
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(field: &str, direction: Direction) -> Vec<EntityOrder> {
        vec![EntityOrder { field: field.into(), direction }]
    }

    #[test]
    fn a_cursor_comes_back_as_the_key_it_was_made_of() {
        let key = SortKey { values: vec![Some("a\"b".into())], entity_ref: "x:y/z".into() };
        let order = order("metadata.name", Direction::Asc);
        assert_eq!(decode_sorted(&encode_sorted(&key, &order), &order), Ok(key));
        assert_eq!(decode_ranked(&encode_ranked(17)), Ok(17));
    }

    #[test]
    fn a_cursor_of_another_order_or_kind_or_source_is_refused() {
        let by_name = order("metadata.name", Direction::Asc);
        let key = SortKey { values: vec![None], entity_ref: "x:y/z".into() };
        let cursor = encode_sorted(&key, &by_name);
        for other in
            [order("metadata.name", Direction::Desc), order("kind", Direction::Asc), vec![]]
        {
            assert_eq!(decode_sorted(&cursor, &other), Err(FieldError::Cursor));
        }
        let long = "A".repeat(1_000_000);
        for alien in ["", "AQ", "x", "eyJsaW1pdCI6MX0", &encode_ranked(3), &long] {
            assert_eq!(decode_sorted(alien, &by_name), Err(FieldError::Cursor));
        }
        for alien in ["", "AQ", &cursor, "Av____8", "AgAAAAAA"] {
            assert_eq!(decode_ranked(alien), Err(FieldError::Cursor), "{alien}");
        }
    }
}
