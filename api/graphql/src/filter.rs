//! Filters of entities as they are written in the schema, and what they mean to the index.

use async_graphql::InputObject;
use callboard_catalog::query::{EntityPredicate, HAS_PROBLEMS, ValueMatch};
use callboard_model::{CompoundEntityRef, RefDefaults, annotation, relation_type};

use crate::{error::FieldError, scalar::EntityRefScalar};

/// The most conditions of one filter, those within `and`, `or` and `not` among them.
const MAX_CONDITIONS: usize = 200;
/// The most values of one `in`.
const MAX_VALUES: usize = 1000;
/// The most words of one `text`.
const MAX_WORDS: usize = 10;
/// The fields that `text` looks into.
const TEXT_FIELDS: [&str; 4] =
    ["metadata.name", "metadata.title", "metadata.description", "metadata.tags"];

/// A condition on an entity: everything that is given must hold. Texts are compared without regard
/// to case.
#[derive(Debug, Default, InputObject)]
pub(crate) struct EntityFilter {
    /// The kind.
    pub(crate) kind: Option<TextMatch>,
    /// `metadata.namespace`.
    pub(crate) namespace: Option<TextMatch>,
    /// `metadata.name`.
    pub(crate) name: Option<TextMatch>,
    /// `spec.type`.
    pub(crate) r#type: Option<TextMatch>,
    /// `spec.lifecycle`.
    pub(crate) lifecycle: Option<TextMatch>,
    /// The ref of an owner; kind `group` and namespace `default` may be left out.
    pub(crate) owner: Option<TextMatch>,
    /// The ref of the System; kind `system` and namespace `default` may be left out.
    pub(crate) system: Option<TextMatch>,
    /// One of the tags.
    pub(crate) tag: Option<TextMatch>,
    /// Conditions on any other field.
    pub(crate) field: Option<Vec<FieldMatch>>,
    /// Relations that it must have.
    pub(crate) relation: Option<Vec<RelationMatch>>,
    /// Words, each of which must be part of the name, the title, the description or a tag.
    pub(crate) text: Option<String>,
    /// Whether it has problems.
    pub(crate) has_problems: Option<bool>,
    /// Whether nothing refers to it any more.
    pub(crate) orphan: Option<bool>,
    /// Conditions that must all hold.
    pub(crate) and: Option<Vec<EntityFilter>>,
    /// Conditions of which one must hold; none holds of an empty list.
    pub(crate) or: Option<Vec<EntityFilter>>,
    /// A condition that must not hold.
    pub(crate) not: Option<Box<EntityFilter>>,
}

/// A condition on a text: everything that is given must hold of one of the field's values. Case
/// does not matter.
#[derive(Debug, Default, InputObject)]
pub(crate) struct TextMatch {
    /// It is this.
    pub(crate) eq: Option<String>,
    /// It is one of these.
    pub(crate) r#in: Option<Vec<String>>,
    /// It starts with this.
    pub(crate) prefix: Option<String>,
    /// Whether there is a value at all.
    pub(crate) exists: Option<bool>,
}

/// A condition on a field by its path. Without any of `eq`, `in`, `prefix` and `exists`, the field
/// must be there.
#[derive(Debug, Default, InputObject)]
pub(crate) struct FieldMatch {
    /// The path, as in Backstage's filters: `metadata.annotations.grafana/dashboard-selector`.
    pub(crate) path: String,
    /// It is this.
    pub(crate) eq: Option<String>,
    /// It is one of these.
    pub(crate) r#in: Option<Vec<String>>,
    /// It starts with this.
    pub(crate) prefix: Option<String>,
    /// Whether there is a value at all.
    pub(crate) exists: Option<bool>,
}

/// A relation that an entity must have.
#[derive(Debug, InputObject)]
pub(crate) struct RelationMatch {
    /// The type, such as `dependsOn`.
    pub(crate) r#type: String,
    /// What it must point to; anything, if this is left out.
    pub(crate) target: Option<EntityRefScalar>,
}

/// What `filter` means to the index; no filter holds of everything.
///
/// # Errors
///
/// [`FieldError`] for a filter that is too large, and for an owner or a system that cannot be one.
pub(crate) fn predicate(filter: Option<&EntityFilter>) -> Result<EntityPredicate, FieldError> {
    let mut compiler = Compiler { conditions: 0 };
    filter.map_or(Ok(EntityPredicate::always()), |filter| compiler.filter(filter))
}

/// How the values of a field are written.
#[derive(Clone, Copy)]
enum Values {
    /// As they are.
    Text,
    /// As refs, whose kind may be left out.
    Refs { argument: &'static str, kind: &'static str },
}

struct Compiler {
    conditions: usize,
}

impl Compiler {
    fn filter(&mut self, filter: &EntityFilter) -> Result<EntityPredicate, FieldError> {
        self.count(1)?;
        let mut all = Vec::new();
        self.texts(filter, &mut all)?;
        for field in filter.field.iter().flatten() {
            all.push(self.field(field)?);
        }
        for relation in filter.relation.iter().flatten() {
            self.count(1)?;
            all.push(relation_predicate(relation));
        }
        if let Some(text) = &filter.text {
            all.push(self.words(text)?);
        }
        if let Some(expected) = filter.has_problems {
            all.push(is(key(HAS_PROBLEMS, equal("true")), expected));
        }
        if let Some(expected) = filter.orphan {
            let path = format!("metadata.annotations.{}", annotation::ORPHAN);
            all.push(is(key(&path, equal("true")), expected));
        }
        for inner in filter.and.iter().flatten() {
            all.push(self.filter(inner)?);
        }
        if let Some(alternatives) = &filter.or {
            let any: Result<_, _> = alternatives.iter().map(|inner| self.filter(inner)).collect();
            all.push(EntityPredicate::Any(any?));
        }
        if let Some(inner) = &filter.not {
            all.push(EntityPredicate::Not(Box::new(self.filter(inner)?)));
        }
        Ok(EntityPredicate::All(all))
    }

    fn texts(
        &mut self,
        filter: &EntityFilter,
        all: &mut Vec<EntityPredicate>,
    ) -> Result<(), FieldError> {
        let owner = Values::Refs { argument: "owner", kind: "group" };
        let system = Values::Refs { argument: "system", kind: "system" };
        let owned_by = format!("relations.{}", relation_type::OWNED_BY);
        let part_of = format!("relations.{}", relation_type::PART_OF);
        for (path, values, text) in [
            ("kind", Values::Text, &filter.kind),
            ("metadata.namespace", Values::Text, &filter.namespace),
            ("metadata.name", Values::Text, &filter.name),
            ("spec.type", Values::Text, &filter.r#type),
            ("spec.lifecycle", Values::Text, &filter.lifecycle),
            (owned_by.as_str(), owner, &filter.owner),
            (part_of.as_str(), system, &filter.system),
            ("metadata.tags", Values::Text, &filter.tag),
        ] {
            if let Some(text) = text {
                all.push(self.text(path, values, text)?);
            }
        }
        Ok(())
    }

    fn text(
        &mut self,
        path: &str,
        values: Values,
        text: &TextMatch,
    ) -> Result<EntityPredicate, FieldError> {
        self.count(1)?;
        let mut all = Vec::new();
        if let Some(value) = &text.eq {
            all.push(key(path, ValueMatch::In(vec![values.read(value)?])));
        }
        if let Some(list) = &text.r#in {
            if list.len() > MAX_VALUES {
                let given = list.len();
                return Err(FieldError::TooMany { argument: "in", given, limit: MAX_VALUES });
            }
            let list: Result<_, _> = list.iter().map(|value| values.read(value)).collect();
            all.push(key(path, ValueMatch::In(list?)));
        }
        if let Some(prefix) = &text.prefix {
            all.push(key(path, ValueMatch::Prefix(values.read_prefix(prefix))));
        }
        if let Some(expected) = text.exists {
            all.push(is(key(path, values.exists()), expected));
        }
        Ok(EntityPredicate::All(all))
    }

    fn field(&mut self, field: &FieldMatch) -> Result<EntityPredicate, FieldError> {
        let is_bare = field.eq.is_none() && field.r#in.is_none() && field.prefix.is_none();
        let text = TextMatch {
            eq: field.eq.clone(),
            r#in: field.r#in.clone(),
            prefix: field.prefix.clone(),
            exists: field.exists.or(is_bare.then_some(true)),
        };
        self.text(&field.path, Values::Text, &text)
    }

    fn words(&mut self, text: &str) -> Result<EntityPredicate, FieldError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.len() > MAX_WORDS {
            let given = words.len();
            return Err(FieldError::TooMany { argument: "text", given, limit: MAX_WORDS });
        }
        self.count(words.len())?;
        let word = |word: &&str| {
            let contains = |path: &&str| key(path, ValueMatch::Contains((*word).into()));
            EntityPredicate::Any(TEXT_FIELDS.iter().map(contains).collect())
        };
        Ok(EntityPredicate::All(words.iter().map(word).collect()))
    }

    fn count(&mut self, added: usize) -> Result<(), FieldError> {
        self.conditions = self.conditions.saturating_add(added);
        if self.conditions <= MAX_CONDITIONS {
            return Ok(());
        }
        let given = self.conditions;
        Err(FieldError::TooMany { argument: "filter", given, limit: MAX_CONDITIONS })
    }
}

impl Values {
    fn read(self, value: &str) -> Result<Box<str>, FieldError> {
        let Self::Refs { argument, kind } = self else { return Ok(value.into()) };
        let defaults = RefDefaults { kind: Some(kind), ..RefDefaults::default() };
        let parsed = CompoundEntityRef::parse(value, defaults);
        let parsed = parsed
            .map_err(|error| FieldError::EntityRef { argument, reason: error.to_string() })?;
        Ok(parsed.canonical().as_str().into())
    }

    /// The prefix of a whole ref: what stands before the given part is filled in.
    fn read_prefix(self, prefix: &str) -> Box<str> {
        match self {
            Self::Refs { kind, .. } if !prefix.contains(':') => {
                let namespace = if prefix.contains('/') { "" } else { "default/" };
                format!("{kind}:{namespace}{prefix}").into()
            }
            _ => prefix.into(),
        }
    }

    /// `system` must be a System, though other relations of the same type exist.
    fn exists(self) -> ValueMatch {
        match self {
            Self::Refs { argument: "system", kind } => {
                ValueMatch::Prefix(format!("{kind}:").into())
            }
            _ => ValueMatch::Exists,
        }
    }
}

fn relation_predicate(relation: &RelationMatch) -> EntityPredicate {
    let matches = match &relation.target {
        Some(target) => equal(target.0.as_str()),
        None => ValueMatch::Exists,
    };
    key(&format!("relations.{}", relation.r#type), matches)
}

fn key(path: &str, matches: ValueMatch) -> EntityPredicate {
    EntityPredicate::Key { key: path.into(), matches }
}

fn equal(value: &str) -> ValueMatch {
    ValueMatch::In(vec![value.into()])
}

fn is(predicate: EntityPredicate, expected: bool) -> EntityPredicate {
    if expected { predicate } else { EntityPredicate::Not(Box::new(predicate)) }
}
