//! What is asked of each item of a list, worked out once.

use std::collections::HashMap;

use async_graphql::{
    ContextSelectionSet, Name, Positioned, QueryPathSegment,
    parser::types::{Field, FragmentDefinition, Selection, SelectionSet},
};

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// A field that can be written without a resolver.
pub(super) trait PlainField: Sized {
    /// The types that a fragment may be on and hold of every object of this sort.
    const TYPES: &'static [&'static str];

    /// The field of this name, with what is asked of it; `None` if it is not plain.
    fn of(name: &str, inner: &Selections<'_>) -> Option<Self>;
}

/// The fields that are asked of each item, each with its key as JSON and a colon.
#[derive(Debug)]
pub(super) struct Plan<F>(pub(super) Vec<(Box<[u8]>, F)>);

/// What is asked of a field, at however many places of the document.
#[derive(Debug)]
pub(super) struct Selections<'a> {
    sets: Vec<&'a SelectionSet>,
    fragments: &'a Fragments,
}

/// The fields of one key.
struct Asked<'a> {
    key: &'a str,
    name: &'a str,
    sets: Vec<&'a SelectionSet>,
}

impl<'a> Selections<'a> {
    /// What is asked of the field that is being resolved; `None` if the document has it at several
    /// places, whose answers the library puts together.
    pub(super) fn of(ctx: &ContextSelectionSet<'a>) -> Option<Self> {
        let fragments = &ctx.query_env.fragments;
        let mut path = Vec::new();
        let mut node = ctx.path_node.as_ref();
        while let Some(here) = node {
            if let QueryPathSegment::Name(name) = here.segment {
                path.push(name);
            }
            node = here.parent;
        }
        let mut places = vec![&ctx.query_env.operation.node.selection_set.node];
        for key in path.into_iter().rev() {
            let mut fields = Vec::new();
            for set in places {
                named(set, key, fragments, &mut fields);
            }
            places = fields.into_iter().map(|field| &field.selection_set.node).collect();
        }
        (places.len() == 1).then(|| Self { sets: vec![&ctx.item.node], fragments })
    }

    /// Whether nothing is asked of it: it is a leaf.
    pub(super) fn is_empty(&self) -> bool {
        self.sets.iter().all(|set| set.items.is_empty())
    }

    /// The plan; `None` if anything but plain fields is asked for.
    pub(super) fn plan<F: PlainField>(&self) -> Option<Plan<F>> {
        let mut asked = Vec::new();
        for set in &self.sets {
            self.collect::<F>(set, &mut asked)?;
        }
        let mut fields = Vec::with_capacity(asked.len());
        for Asked { key, name, sets } in asked {
            let mut json = serde_json::to_vec(key).ok()?;
            json.push(b':');
            let inner = Selections { sets, fragments: self.fragments };
            fields.push((json.into(), F::of(name, &inner)?));
        }
        Some(Plan(fields))
    }

    fn collect<F: PlainField>(
        &self,
        set: &'a SelectionSet,
        asked: &mut Vec<Asked<'a>>,
    ) -> Option<()> {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    if !field.directives.is_empty() || !field.arguments.is_empty() {
                        return None;
                    }
                    let (key, name) = (field.response_key().node.as_str(), &*field.name.node);
                    let inner = &field.selection_set.node;
                    match asked.iter_mut().find(|known| known.key == key) {
                        Some(known) if known.name == name => known.sets.push(inner),
                        Some(_) => return None,
                        None => asked.push(Asked { key, name, sets: vec![inner] }),
                    }
                }
                fragment => self.collect::<F>(self.fragment::<F>(fragment)?, asked)?,
            }
        }
        Some(())
    }

    /// What a fragment asks; `None` if it does not hold of every object.
    fn fragment<F: PlainField>(&self, selection: &'a Selection) -> Option<&'a SelectionSet> {
        if !selection.directives().is_empty() {
            return None;
        }
        let (condition, set) = parts(selection, self.fragments)?;
        let holds = condition.is_none_or(|condition| F::TYPES.contains(&condition));
        holds.then_some(set)
    }
}

/// The type and the fields of a fragment.
fn parts<'a>(
    selection: &'a Selection,
    fragments: &'a Fragments,
) -> Option<(Option<&'a str>, &'a SelectionSet)> {
    match selection {
        Selection::Field(_) => None,
        Selection::InlineFragment(fragment) => {
            let condition = fragment.node.type_condition.as_ref();
            let condition = condition.map(|condition| &*condition.node.on.node);
            Some((condition, &fragment.node.selection_set.node))
        }
        Selection::FragmentSpread(spread) => {
            let fragment = &fragments.get(&spread.node.fragment_name.node)?.node;
            Some((Some(&fragment.type_condition.node.on.node), &fragment.selection_set.node))
        }
    }
}

/// The fields of `key` in a set, those within fragments among them.
fn named<'a>(
    set: &'a SelectionSet,
    key: &str,
    fragments: &'a Fragments,
    found: &mut Vec<&'a Field>,
) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) if field.node.response_key().node == key => {
                found.push(&field.node);
            }
            Selection::Field(_) => {}
            fragment => {
                if let Some((_, set)) = parts(fragment, fragments) {
                    named(set, key, fragments, found);
                }
            }
        }
    }
}
