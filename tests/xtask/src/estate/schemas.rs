//! Reading the two notations of the vocabulary: fields of a schema, and what an API offers.

use super::model::{Field, FieldKind, Protocol, Schema};
use anyhow::{Context as _, bail};
use std::collections::BTreeMap;

/// An API as a component declares it: protocol, and per schema what can be done to it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Offer<'a> {
    pub(crate) protocol: Protocol,
    pub(crate) subjects: Vec<(&'a str, Vec<&'a str>)>,
}

/// Reads `rest:loan(create,settle),instalment`.
pub(crate) fn offer(text: &str) -> anyhow::Result<Offer<'_>> {
    let (protocol, list) = text.split_once(':').with_context(|| format!("no protocol: {text}"))?;
    let protocol = match protocol {
        "rest" => Protocol::Rest,
        "grpc" => Protocol::Grpc,
        "graphql" => Protocol::GraphQl,
        other => bail!("unknown protocol {other} in {text}"),
    };
    let mut subjects = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let end = rest.find([',', '(']).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        let (actions, tail) = match tail.strip_prefix('(').map(|tail| tail.split_once(')')) {
            Some(Some((actions, tail))) => (actions.split(',').collect(), tail),
            Some(None) => bail!("unclosed parenthesis in {text}"),
            None => (Vec::new(), tail),
        };
        subjects.push((name, actions));
        rest = tail.strip_prefix(',').unwrap_or(tail);
    }
    Ok(Offer { protocol, subjects })
}

/// The schemas of a domain by name.
pub(crate) fn schemas(words: &BTreeMap<String, String>) -> BTreeMap<&str, Schema> {
    let schema = |(name, text): (&'_ String, &'_ String)| Schema {
        name: name.clone(),
        fields: text.split_whitespace().map(field).collect(),
    };
    words.iter().map(|entry| (entry.0.as_str(), schema(entry))).collect()
}

/// Reads `amount:money`, `status:open|closed` or plain `title`.
fn field(text: &str) -> Field {
    let (name, kind) = text.split_once(':').unwrap_or((text, "text"));
    let kind = match kind {
        "id" => FieldKind::Id,
        "int" => FieldKind::Int,
        "bool" => FieldKind::Bool,
        "rate" => FieldKind::Rate,
        "money" => FieldKind::Money,
        "iban" => FieldKind::Iban,
        "date" => FieldKind::Date,
        "time" => FieldKind::Time,
        "country" => FieldKind::Country,
        "currency" => FieldKind::Currency,
        "email" => FieldKind::Email,
        "phone" => FieldKind::Phone,
        choices if choices.contains('|') => {
            FieldKind::Choice(choices.split('|').map(str::to_owned).collect())
        }
        _ => FieldKind::Text,
    };
    Field { name: name.to_owned(), kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_names_schemas_and_actions() -> anyhow::Result<()> {
        let offer = offer("rest:loan(create,settle),instalment")?;
        assert_eq!(offer.protocol, Protocol::Rest);
        assert_eq!(
            offer.subjects,
            [("loan", vec!["create", "settle"]), ("instalment", Vec::new())]
        );
        Ok(())
    }

    #[test]
    fn a_field_without_a_type_is_text() {
        assert_eq!(field("title").kind, FieldKind::Text);
        let choice = field("state:open|closed").kind;
        assert_eq!(choice, FieldKind::Choice(vec!["open".to_owned(), "closed".to_owned()]));
    }
}
