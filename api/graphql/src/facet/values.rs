//! The values of a facet, answered as ready-made JSON.
//!
//! A field such as `relations.ownedBy` has as many values as there are owners: resolving each of
//! them as an object of its own is what a facet would cost. A selection of plain fields is written
//! as text at once instead; any other goes the ordinary way.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{
    ContextSelectionSet, OutputType, Positioned, ServerResult, SimpleObject, Value,
    parser::types::{Field, Selection},
    registry::Registry,
    resolver_utils::resolve_list,
};
use callboard_catalog::query;

use super::count;
use crate::ready_json::raw;

/// One value of a field.
#[derive(Debug, SimpleObject)]
pub(crate) struct FacetValue {
    /// The value, in the case of the descriptors.
    value: String,
    /// How many matching entities have it.
    count: i32,
}

/// The values of one field, as the index keeps them.
#[derive(Debug)]
pub(crate) struct FacetValues(pub(crate) Arc<[query::FacetValue]>);

/// A field of [`FacetValue`] that needs nothing but the value.
enum Plain {
    TypeName,
    Value,
    Count,
}

/// What is asked of each value: the keys of the answer as JSON, each with its field. `None` if
/// the selection has anything but plain fields, or a key twice.
fn shape(ctx: &ContextSelectionSet<'_>) -> Option<Vec<(String, Plain)>> {
    let mut shape: Vec<(String, Plain)> = Vec::new();
    for selection in &ctx.item.node.items {
        let Selection::Field(field) = &selection.node else { return None };
        if !field.node.directives.is_empty() {
            return None;
        }
        let plain = match field.node.name.node.as_str() {
            "__typename" => Plain::TypeName,
            "value" => Plain::Value,
            "count" => Plain::Count,
            _ => return None,
        };
        let key = serde_json::to_string(field.node.response_key().node.as_str()).ok()?;
        if shape.iter().any(|(other, _)| *other == key) {
            return None;
        }
        shape.push((key, plain));
    }
    Some(shape)
}

fn write(values: &[query::FacetValue], shape: &[(String, Plain)]) -> serde_json::Result<String> {
    let mut json = Vec::with_capacity(values.len() * 48 + 2);
    json.push(b'[');
    for (position, value) in values.iter().enumerate() {
        json.extend_from_slice(if position == 0 { b"{" } else { b",{" });
        for (position, (key, plain)) in shape.iter().enumerate() {
            if position > 0 {
                json.push(b',');
            }
            json.extend_from_slice(key.as_bytes());
            json.push(b':');
            match plain {
                Plain::TypeName => json.extend_from_slice(b"\"FacetValue\""),
                Plain::Value => serde_json::to_writer(&mut json, value.value.as_ref())?,
                Plain::Count => serde_json::to_writer(&mut json, &count(value.count))?,
            }
        }
        json.push(b'}');
    }
    json.push(b']');
    String::from_utf8(json).map_err(serde::ser::Error::custom)
}

impl FacetValues {
    fn ready_made(&self, ctx: &ContextSelectionSet<'_>) -> Option<Value> {
        raw(write(&self.0, &shape(ctx)?).ok()?)
    }

    fn objects(&self) -> impl ExactSizeIterator<Item = FacetValue> + '_ {
        self.0.iter().map(|value| FacetValue {
            value: value.value.as_ref().to_owned(),
            count: count(value.count),
        })
    }
}

impl OutputType for FacetValues {
    fn type_name() -> Cow<'static, str> {
        Vec::<FacetValue>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<FacetValue> as OutputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<FacetValue> as OutputType>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        match self.ready_made(ctx) {
            Some(value) => Ok(value),
            None => resolve_list(ctx, field, self.objects(), Some(self.0.len())).await,
        }
    }
}
