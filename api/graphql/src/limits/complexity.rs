//! How much a query asks for, estimated from its text and variables alone.
//!
//! The library's own estimate is not used: it multiplies nothing below an interface, and a batch
//! could not share it.

use std::collections::HashMap;

use async_graphql::{
    Value, Variables,
    parser::types::{
        ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
    },
};

use super::{MAX_DEPTH, MAX_RECURSION, MAX_ROOT_FIELDS};
use crate::{error::RequestError, page::DEFAULT_PAGE};

/// Lists whose length no argument says, with the length that is assumed.
const LISTS: [(&str, usize); 36] = [
    ("relations", 10),
    ("owners", 2),
    ("annotations", 5),
    ("labels", 3),
    ("links", 3),
    ("problems", 2),
    ("emittedBy", 2),
    ("values", 20),
    ("clusters", 10),
    ("resources", 13),
    ("sources", 2),
    ("missingGrants", 2),
    ("placements", 10),
    ("blindClusters", 2),
    ("blindSpots", 2),
    ("alsoClaimedBy", 2),
    ("images", 2),
    ("waiting", 2),
    ("warnings", 3),
    ("rows", 2),
    ("cells", 10),
    ("coverage", 10),
    ("callers", 10),
    ("callees", 10),
    ("undeclared", 3),
    ("unseen", 3),
    ("targets", 2),
    ("path", 2),
    ("hops", 3),
    ("squads", 10),
    ("addedNodes", 5),
    ("changedNodes", 5),
    ("addedEdges", 5),
    ("changedEdges", 10),
    // Those of a topology; those of a page are as many as the page has.
    ("nodes", 10),
    ("edges", 10),
];

/// Fields that are pages of 20 unless `first` or `last` says otherwise. A test holds the schema
/// against this list.
const CONNECTIONS: [&str; 24] = [
    "apis",
    "children",
    "components",
    "consumers",
    "consumesApis",
    "dependencyOf",
    "dependsOn",
    "entities",
    "failedEntities",
    "memberOf",
    "members",
    "missingComponents",
    "ownerOf",
    "parts",
    "providers",
    "providesApis",
    "related",
    "resources",
    "search",
    "subcomponents",
    "subdomains",
    "systems",
    "unknownWorkloads",
    "workloads",
];

/// Types that an entity can be together with others. Of all others it is one alone. A test holds
/// the schema against this list.
const INTERFACES: [&str; 7] =
    ["DependencySource", "DependencyTarget", "Entity", "Node", "Ownable", "Owner", "Placeable"];

/// The complexity of the heaviest operation of `document`: one for each field of the answer, each
/// item of a list counted. Of fragments on different object types only the heaviest counts: nothing
/// is two of them.
///
/// # Errors
///
/// [`RequestError`] for a document with too many root fields, nested too deep, or with fragments
/// that contain themselves. Takes time in the size of the document, however its fragments nest.
pub(crate) fn complexity(
    document: &ExecutableDocument,
    variables: &Variables,
) -> Result<usize, RequestError> {
    let mut heaviest = 0;
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        let mut weighing = Weighing { document, variables, operation, fragments: HashMap::new() };
        let weight = weighing.set(&operation.selection_set.node, Place::Object, 0)?;
        if weight.fields > MAX_ROOT_FIELDS {
            let what = "root fields";
            return Err(RequestError::TooMany { what, limit: MAX_ROOT_FIELDS });
        }
        if operation.ty == OperationType::Subscription && weight.fields != 1 {
            return Err(RequestError::SubscriptionRoot);
        }
        if weight.depth > MAX_DEPTH {
            return Err(RequestError::Depth { limit: MAX_DEPTH });
        }
        heaviest = heaviest.max(weight.complexity);
    }
    Ok(heaviest)
}

/// What a selection weighs.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    complexity: usize,
    /// Nested fields.
    depth: usize,
    /// Fields at its top.
    fields: usize,
}

struct Weighing<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    operation: &'a OperationDefinition,
    /// Fragments that were weighed, each for the place it stands in; `None` while one is being
    /// weighed.
    fragments: HashMap<(&'a str, Place), Option<Weight>>,
}

/// What a selection stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    /// A page of this many items: `nodes` and `edges` are that many.
    Page(usize),
    /// Anything else.
    Object,
}

impl<'a> Weighing<'a> {
    fn set(
        &mut self,
        set: &'a SelectionSet,
        place: Place,
        level: usize,
    ) -> Result<Weight, RequestError> {
        if level > MAX_RECURSION {
            return Err(RequestError::Depth { limit: MAX_RECURSION });
        }
        let mut sum = Weight::default();
        let mut by_type: HashMap<&str, usize> = HashMap::new();
        for selection in &set.items {
            let weight = match &selection.node {
                Selection::Field(field) => self.field(&field.node, place, level)?,
                Selection::InlineFragment(fragment) => {
                    self.set(&fragment.node.selection_set.node, place, level.saturating_add(1))?
                }
                Selection::FragmentSpread(spread) => {
                    self.fragment(&spread.node.fragment_name.node, place, level)?
                }
            };
            let part = match self.object_type(&selection.node) {
                Some(object) => by_type.entry(object).or_default(),
                None => &mut sum.complexity,
            };
            *part = part.saturating_add(weight.complexity);
            sum.depth = sum.depth.max(weight.depth);
            sum.fields = sum.fields.saturating_add(weight.fields);
        }
        let heaviest = by_type.into_values().max().unwrap_or(0);
        sum.complexity = sum.complexity.saturating_add(heaviest);
        Ok(sum)
    }

    /// The object type that a fragment is on; `None` for everything that is not on one alone.
    fn object_type(&self, selection: &'a Selection) -> Option<&'a str> {
        let condition = match selection {
            Selection::Field(_) => None,
            Selection::InlineFragment(fragment) => fragment.node.type_condition.as_ref(),
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                self.document.fragments.get(name).map(|fragment| &fragment.node.type_condition)
            }
        };
        let name = condition?.node.on.node.as_str();
        (!INTERFACES.contains(&name)).then_some(name)
    }

    fn field(
        &mut self,
        field: &'a Field,
        place: Place,
        level: usize,
    ) -> Result<Weight, RequestError> {
        let inner = self.page(field).map_or(Place::Object, Place::Page);
        let inner = self.set(&field.selection_set.node, inner, level.saturating_add(1))?;
        let items = self.items(field, place).saturating_mul(inner.complexity);
        Ok(Weight {
            complexity: items.saturating_add(1),
            depth: inner.depth.saturating_add(1),
            fields: 1,
        })
    }

    /// Weighs a fragment once; what is unknown is left to validation.
    fn fragment(
        &mut self,
        name: &'a str,
        place: Place,
        level: usize,
    ) -> Result<Weight, RequestError> {
        match self.fragments.get(&(name, place)) {
            Some(Some(weight)) => return Ok(*weight),
            Some(None) => {
                return Err(RequestError::Document("a fragment contains itself".to_owned()));
            }
            None => {}
        }
        let Some(fragment) = self.document.fragments.get(name) else {
            return Ok(Weight::default());
        };
        self.fragments.insert((name, place), None);
        let weight = self.set(&fragment.node.selection_set.node, place, level.saturating_add(1))?;
        self.fragments.insert((name, place), Some(weight));
        Ok(weight)
    }

    /// How many items a page of the field has; `None` if it is not a connection.
    fn page(&self, field: &Field) -> Option<usize> {
        let size = self.number(field, "first").or_else(|| self.number(field, "last"));
        let is_page = CONNECTIONS.contains(&field.name.node.as_str());
        size.or_else(|| is_page.then(|| usize::try_from(DEFAULT_PAGE).unwrap_or(usize::MAX)))
    }

    /// How many items the field itself is expected to have.
    fn items(&self, field: &Field, place: Place) -> usize {
        let name = field.name.node.as_str();
        if let (Place::Page(size), "nodes" | "edges") = (place, name) {
            return size;
        }
        if CONNECTIONS.contains(&name) && asks_for_a_page(&field.selection_set.node) {
            return 1;
        }
        let listed = self.length(field, "ids").or_else(|| self.length(field, "fields"));
        let assumed = || LISTS.iter().find(|(list, _)| *list == name).map(|(_, length)| *length);
        listed.or_else(assumed).unwrap_or(1)
    }

    /// A whole number that is given as an argument; one that is below zero is refused later.
    fn number(&self, field: &Field, argument: &str) -> Option<usize> {
        let Value::Number(number) = self.argument(field, argument)? else { return None };
        let number = number.as_u64().unwrap_or(0);
        Some(usize::try_from(number).unwrap_or(usize::MAX))
    }

    fn length(&self, field: &Field, argument: &str) -> Option<usize> {
        match self.argument(field, argument)? {
            Value::List(list) => Some(list.len()),
            _ => None,
        }
    }

    fn argument(&self, field: &Field, argument: &str) -> Option<Value> {
        let value = field.get_argument(argument)?.node.clone();
        value.into_const_with(|name| self.variable(&name).ok_or(())).ok()
    }

    fn variable(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.variables.get(name) {
            return Some(value.clone());
        }
        let mut definitions = self.operation.variable_definitions.iter();
        let definition = definitions.find(|definition| definition.node.name.node == name)?;
        definition.node.default_value.as_ref().map(|value| value.node.clone())
    }
}

/// Whether a selection is one of a connection. `resources` is a connection of Systems and a list
/// of clusters: only what is asked of it tells which.
fn asks_for_a_page(set: &SelectionSet) -> bool {
    let is_of_a_page = |name: &str| ["nodes", "edges", "totalCount", "facets"].contains(&name);
    set.items.iter().any(|selection| match &selection.node {
        Selection::Field(field) => is_of_a_page(&field.node.name.node),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::{
        parse_query, parse_schema,
        types::{FieldDefinition, TypeKind, TypeSystemDefinition},
    };

    use super::*;

    fn weigh(query: &str) -> Result<usize, RequestError> {
        complexity(&parse_query(query).unwrap(), &Variables::default())
    }

    #[test]
    fn lists_multiply_what_is_below_them() {
        for (query, expected) in [
            ("{ a }", 1),
            ("{ a { b c } }", 3),
            ("{ entities { nodes { a b } } }", 2 + 20 * 2),
            ("{ entities { totalCount pageInfo { a } } }", 4),
            ("{ entities(first: 5) { nodes { a b } edges { c } } }", 3 + 5 * 3),
            (
                "{ entities(last: 5) { ...P } } fragment P on C { nodes { ... on X { a } ...F } }
              fragment F on X { b }",
                2 + 5 * 2,
            ),
            ("query($n: Int = 7) { entities(first: $n) { nodes { a } } }", 2 + 7),
            ("{ entities { facets(fields: [1, 2]) { a values { b c } } } }", 2 + 2 * (2 + 20 * 2)),
            ("{ nodes(ids: [1, 2, 3]) { a } }", 4),
            ("{ entities(first: -1) { nodes { a } } }", 2),
        ] {
            assert_eq!(weigh(query), Ok(expected), "{query}");
        }
        let huge = "{a(first:2147483647){nodes{a(first:2147483647){nodes{a(first:2147483647){nodes{a}}}}}}}";
        assert_eq!(weigh(huge), Ok(usize::MAX));
    }

    #[test]
    fn of_object_types_the_heaviest_counts() {
        for (query, expected) in [
            ("{ a { ... on X { b } ... on Y { c d } } }", 1 + 2),
            ("{ a { ... on X { b } ... on X { c d } } }", 1 + 3),
            ("{ a { ... on X { b } ...F } } fragment F on Y { c d }", 1 + 2),
            ("{ a { ... on X { b } ... on Entity { c d } ... { e } } }", 1 + 1 + 2 + 1),
        ] {
            assert_eq!(weigh(query), Ok(expected), "{query}");
        }
    }

    #[test]
    fn every_interface_of_the_schema_is_known() {
        let document = parse_schema(crate::sdl()).unwrap();
        let mut interfaces: Vec<_> = document
            .definitions
            .iter()
            .filter_map(|definition| match definition {
                TypeSystemDefinition::Type(definition) => Some(&definition.node),
                _ => None,
            })
            .filter(|definition| {
                matches!(definition.kind, TypeKind::Interface(_) | TypeKind::Union(_))
            })
            .map(|definition| definition.name.node.as_str())
            .collect();
        interfaces.sort_unstable();
        assert_eq!(interfaces, INTERFACES);
    }

    #[test]
    fn fragments_are_weighed_once_however_they_nest() {
        let bomb = |n: usize| {
            format!("fragment F{n} on X {{ x {{ ...F{m} }} y {{ ...F{m} }} }}\n", m = n + 1)
        };
        let bomb = (0..17).map(bomb).collect::<Vec<_>>().concat();
        let query = format!("{{ ...F0 }} {bomb} fragment F17 on X {{ a }}");
        assert!(matches!(weigh(&query), Err(RequestError::Depth { .. })), "{:?}", weigh(&query));
        let query = "{ ...A } fragment A on Q { ...B } fragment B on Q { ...A }";
        assert!(matches!(weigh(query), Err(RequestError::Document(_))));
    }

    #[test]
    fn root_fields_are_counted_through_fragments() {
        let fields = "a ".repeat(21);
        for query in [
            format!("{{ ... on Query {{ {fields} }} }}"),
            format!("{{ ...F }} fragment F on Query {{ {fields} }}"),
            format!("{{ ... {{ ...F }} }} fragment F on Query {{ {fields} }}"),
        ] {
            assert!(matches!(weigh(&query), Err(RequestError::TooMany { .. })), "{query}");
        }
        assert_eq!(weigh("subscription { a b }"), Err(RequestError::SubscriptionRoot));
    }

    #[test]
    fn every_list_of_the_schema_is_known() {
        for field in fields_of_the_schema() {
            let (name, ty) = (field.name.node.as_str(), field.ty.node.to_string());
            let is_page = ty.ends_with("Connection!");
            if name != "resources" {
                assert_eq!(CONNECTIONS.contains(&name), is_page, "{name}: {ty}");
            }
            let is_argued = ["ids", "fields", "first"].iter().any(|argument| {
                field.arguments.iter().any(|definition| definition.node.name.node == *argument)
            });
            let is_list_of_objects = ty.starts_with('[')
                && !["String", "EntityRef", "ID!]"].iter().any(|leaf| ty.contains(leaf));
            let is_part_of_a_page = ["edges", "nodes"].contains(&name);
            if is_list_of_objects && !is_argued && !is_part_of_a_page {
                assert!(LISTS.iter().any(|(list, _)| *list == name), "{name}: {ty}");
            }
        }
    }

    fn fields_of_the_schema() -> Vec<FieldDefinition> {
        let document = parse_schema(crate::sdl()).unwrap();
        let types = document.definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some(definition.node.kind),
            _ => None,
        });
        let fields = types.flat_map(|kind| match kind {
            TypeKind::Object(object) => object.fields,
            TypeKind::Interface(interface) => interface.fields,
            _ => Vec::new(),
        });
        fields.map(|field| field.node).collect()
    }
}
