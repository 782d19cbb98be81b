//! Cursors of `by-query`: base64 of JSON, as upstream's, so that its client can read them.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use callboard_catalog::query::{Direction, EntityOrder, Position, SortKey, TextFilter};
use callboard_http::{ApiError, ErrorClass};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Base64 that also reads what lost its padding on the way.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a cursor is not one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CursorError {
    #[error("Cursor cannot be empty")]
    Empty,
    #[error("Malformed cursor: not base64")]
    Encoding(#[source] base64::DecodeError),
    #[error("Malformed cursor: {0}")]
    Form(#[source] serde_json::Error),
    #[error("Malformed cursor: it does not say where the page starts")]
    Values,
}

impl From<CursorError> for ApiError {
    fn from(error: CursorError) -> Self {
        Self::from_cause(ErrorClass::Input, error)
    }
}

/// What a cursor holds: the question, and where its page starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EntitiesCursor {
    pub(crate) order_fields: Vec<OrderField>,
    /// Whether the page lies before the values, or after them.
    pub(crate) is_previous: bool,
    /// The condition. Upstream's client sends cursors that hold one as `POST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) full_text_filter: Option<FullTextFilter>,
    /// The values of the order field, if there is one, and the entity's ref.
    pub(crate) order_field_values: Vec<Option<Box<str>>>,
    /// The same of the very first entity: the page that starts there has none before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_sort_field_values: Option<Vec<Option<Box<str>>>>,
    /// The total of the first page; 0 where it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) total_items: Option<u64>,
}

/// A field of an order, as the wire has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrderField {
    pub(crate) field: Box<str>,
    #[serde(default)]
    pub(crate) order: Direction,
}

impl From<OrderField> for EntityOrder {
    fn from(order: OrderField) -> Self {
        Self { field: order.field, direction: order.order }
    }
}

/// A text condition, as the wire has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FullTextFilter {
    pub(crate) term: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fields: Option<Vec<Box<str>>>,
}

impl FullTextFilter {
    /// The condition; `None` where the term is blank.
    pub(crate) fn condition(&self) -> Option<TextFilter> {
        let term = self.term.trim();
        let fields = self.fields.clone().unwrap_or_default();
        (!term.is_empty()).then(|| TextFilter { term: term.into(), fields })
    }
}

impl EntitiesCursor {
    /// The cursor as text.
    pub(crate) fn encode(&self) -> Result<String, serde_json::Error> {
        serde_json::to_vec(self).map(|json| BASE64.encode(json))
    }

    /// Reads a cursor. Its condition is not checked here.
    pub(crate) fn decode(text: &str) -> Result<Self, CursorError> {
        if text.is_empty() {
            return Err(CursorError::Empty);
        }
        let json = BASE64.decode(text).map_err(CursorError::Encoding)?;
        serde_json::from_slice(&json).map_err(CursorError::Form)
    }

    /// The order: only the first field counts, as upstream.
    pub(crate) fn order(&self) -> Vec<EntityOrder> {
        self.order_fields.first().cloned().map(EntityOrder::from).into_iter().collect()
    }

    /// Where the page starts.
    pub(crate) fn position(&self) -> Result<Position, CursorError> {
        let (entity_ref, values) = match self.order_field_values.as_slice() {
            [Some(entity_ref)] if self.order_fields.is_empty() => (entity_ref, Vec::new()),
            [value, Some(entity_ref)] if !self.order_fields.is_empty() => {
                (entity_ref, vec![value.clone()])
            }
            _ => return Err(CursorError::Values),
        };
        let key = SortKey { values, entity_ref: entity_ref.clone() };
        Ok(if self.is_previous { Position::Before(key) } else { Position::After(key) })
    }
}

/// A sort key as the values of a cursor.
pub(crate) fn sort_values(key: SortKey) -> Vec<Option<Box<str>>> {
    let SortKey { mut values, entity_ref } = key;
    values.push(Some(entity_ref));
    values
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cursor() -> EntitiesCursor {
        EntitiesCursor {
            order_fields: vec![OrderField { field: "metadata.name".into(), order: Direction::Asc }],
            is_previous: false,
            query: Some(json!({"kind": "component"})),
            full_text_filter: Some(FullTextFilter { term: "".into(), fields: None }),
            order_field_values: vec![Some("other".into()), Some("component:default/other".into())],
            first_sort_field_values: Some(vec![Some("a".into()), Some("api:default/a".into())]),
            total_items: Some(8),
        }
    }

    #[test]
    fn a_cursor_is_base64_json_in_upstreams_form() {
        let json = BASE64.decode(cursor().encode().unwrap()).unwrap();
        assert_eq!(
            String::from_utf8(json).unwrap(),
            r#"{"orderFields":[{"field":"metadata.name","order":"asc"}],"isPrevious":false,"query":{"kind":"component"},"fullTextFilter":{"term":""},"orderFieldValues":["other","component:default/other"],"firstSortFieldValues":["a","api:default/a"],"totalItems":8}"#
        );
    }

    #[test]
    fn a_cursor_survives_its_round_trip() {
        let text = cursor().encode().unwrap();
        assert_eq!(EntitiesCursor::decode(&text).unwrap(), cursor());
        assert_eq!(EntitiesCursor::decode(text.trim_end_matches('=')).unwrap(), cursor());
    }

    #[test]
    fn what_is_no_cursor_is_malformed() {
        assert_eq!(EntitiesCursor::decode("").unwrap_err().to_string(), "Cursor cannot be empty");
        for text in ["abc", "zzz", "!!!", "e30=", "bnVsbA==", "å"] {
            let error = EntitiesCursor::decode(text).unwrap_err().to_string();
            assert!(error.starts_with("Malformed cursor: "), "{text}: {error}");
        }
    }

    #[test]
    fn values_must_fit_the_order() {
        let with = |values: &[&str], ordered: bool| {
            let mut cursor = cursor();
            cursor.order_field_values = values.iter().map(|value| Some((*value).into())).collect();
            if !ordered {
                cursor.order_fields.clear();
            }
            cursor.position().is_ok()
        };
        assert!(with(&["a", "b"], true) && with(&["a"], false));
        assert!(!with(&["a"], true) && !with(&["a", "b"], false) && !with(&[], false));
    }
}
