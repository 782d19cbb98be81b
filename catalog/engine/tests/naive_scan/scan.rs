//! All entities, looked at one by one for every question.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashSet, VecDeque},
    sync::Arc,
};

use callboard_catalog::{
    final_entity::{FinalEntity, FinalState},
    query::{
        Direction, EntitiesQuery, EntityOrder, EntityPredicate, FacetValue, Position,
        ReadCondition, SortKey, Unordered,
        naive::{self, SearchRows},
    },
};
use callboard_model::EntityRef;
use serde_json::Value;

#[derive(Debug, Clone)]
pub(crate) struct ScannedEntity {
    pub(crate) entity_ref: EntityRef,
    pub(crate) uid: Arc<str>,
    pub(crate) rows: SearchRows,
    json: Value,
    parents: Arc<[EntityRef]>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PageSummary {
    pub(crate) refs: Vec<String>,
    pub(crate) total: usize,
    pub(crate) has_previous: bool,
    pub(crate) has_next: bool,
}

/// Completed and failed entities, by ref.
pub(crate) struct Scan {
    pub(crate) entities: Vec<ScannedEntity>,
    failed: Vec<ScannedEntity>,
}

/// What one caller sees of them.
pub(crate) struct VisibleScan<'a> {
    all: &'a [ScannedEntity],
    /// With the rows that are left without relations to what the caller does not see.
    seen: Vec<ScannedEntity>,
}

impl ScannedEntity {
    fn new(entity: &FinalEntity) -> Self {
        Self {
            entity_ref: entity.entity_ref.clone(),
            uid: Arc::clone(&entity.entity_id),
            rows: naive::rows(entity.body.as_bytes()).unwrap(),
            json: serde_json::from_str(&entity.body).unwrap(),
            parents: Arc::clone(&entity.parents),
        }
    }

    pub(crate) fn sort_key(&self, order: &[EntityOrder]) -> SortKey {
        let value = |order: &EntityOrder| {
            let values = self.rows.values(&order.field).map(|value| value.lower.as_str());
            match order.direction {
                Direction::Asc => values.min(),
                Direction::Desc => values.max(),
            }
        };
        SortKey {
            values: order.iter().map(|order| value(order).map(Into::into)).collect(),
            entity_ref: self.entity_ref.as_str().into(),
        }
    }
}

impl Scan {
    pub(crate) fn new(entities: &[FinalEntity]) -> Self {
        let of = |state: FinalState| {
            let mut all: Vec<ScannedEntity> = entities
                .iter()
                .filter(|entity| entity.state == state)
                .map(ScannedEntity::new)
                .collect();
            all.sort_by(|one, other| one.entity_ref.cmp(&other.entity_ref));
            all
        };
        Self { entities: of(FinalState::Completed), failed: of(FinalState::Failed) }
    }

    pub(crate) fn visible(&self, condition: &ReadCondition) -> VisibleScan<'_> {
        let seen = self.entities.iter().filter(|entity| entity.rows.is_visible(condition));
        let mut visible = VisibleScan { all: &self.entities, seen: seen.cloned().collect() };
        let rows = |entity| naive::rows(visible.json(entity).to_string().as_bytes()).unwrap();
        let rows: Vec<SearchRows> = visible.seen.iter().map(rows).collect();
        for (entity, rows) in visible.seen.iter_mut().zip(rows) {
            entity.rows = rows;
        }
        visible
    }

    pub(crate) fn failed(
        &self,
        condition: &ReadCondition,
        predicate: &EntityPredicate,
    ) -> Vec<EntityRef> {
        let shown = self
            .failed
            .iter()
            .filter(|entity| entity.rows.is_visible(condition) && entity.rows.matches(predicate));
        shown.map(|entity| entity.entity_ref.clone()).collect()
    }
}

impl VisibleScan<'_> {
    pub(crate) fn has(&self, entity_ref: &EntityRef) -> bool {
        self.seen.iter().any(|entity| entity.entity_ref == *entity_ref)
    }

    pub(crate) fn matches(&self, entity_ref: &EntityRef, predicate: &EntityPredicate) -> bool {
        let entity = self.seen.iter().find(|entity| entity.entity_ref == *entity_ref);
        entity.is_some_and(|entity| entity.rows.matches(predicate))
    }

    pub(crate) fn count(&self, predicate: &EntityPredicate) -> usize {
        self.seen.iter().filter(|entity| entity.rows.matches(predicate)).count()
    }

    pub(crate) fn page(&self, query: &EntitiesQuery) -> PageSummary {
        let order = match query.unordered {
            Unordered::Dropped => query.order.get(..1).unwrap_or_default(),
            Unordered::Last => &query.order,
        };
        let fallback = query.order.first().map(|order| &*order.field);
        let is_dropped =
            |key: &SortKey| query.unordered == Unordered::Dropped && key.values.contains(&None);
        let mut keys: Vec<SortKey> = self
            .seen
            .iter()
            .filter(|entity| entity.rows.matches(&query.predicate))
            .filter(|entity| {
                query.text.as_ref().is_none_or(|text| entity.rows.matches_text(text, fallback))
            })
            .map(|entity| entity.sort_key(order))
            .filter(|key| !is_dropped(key))
            .collect();
        keys.sort_by(|one, other| compare(order, one, other));
        let range = range(&keys, order, query);
        let is_count = query.limit == Some(0);
        PageSummary {
            refs: keys[range.clone()].iter().map(|key| key.entity_ref.to_string()).collect(),
            total: keys.len(),
            has_previous: !is_count && range.start > 0,
            has_next: !is_count && range.end < keys.len(),
        }
    }

    pub(crate) fn facets(
        &self,
        keys: &[&str],
        predicate: &EntityPredicate,
    ) -> Vec<Vec<FacetValue>> {
        let facet = |key: &&str| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for entity in self.seen.iter().filter(|entity| entity.rows.matches(predicate)) {
                for value in entity.rows.values(key) {
                    *counts.entry(value.original.clone()).or_default() += 1;
                }
            }
            let values = counts.into_iter();
            values.map(|(value, count)| FacetValue { value: value.into(), count }).collect()
        };
        keys.iter().map(facet).collect()
    }

    pub(crate) fn json(&self, entity: &ScannedEntity) -> Value {
        let mut json = entity.json.clone();
        if let Some(relations) = json.get_mut("relations").and_then(Value::as_array_mut) {
            relations.retain(|relation| {
                let target = relation["targetRef"].as_str().unwrap();
                !self.is_hidden(target)
            });
        }
        json
    }

    pub(crate) fn relations(&self, entity: &ScannedEntity) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut relations: Vec<(String, String)> = entity.json["relations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|relation| (text(&relation["type"]), text(&relation["targetRef"])))
            .filter(|(_, target)| !self.is_hidden(target))
            .collect();
        relations.sort();
        relations.dedup();
        relations
    }

    fn is_hidden(&self, target: &str) -> bool {
        let exists = self.all.iter().any(|entity| entity.entity_ref.as_str() == target);
        exists && !self.seen.iter().any(|entity| entity.entity_ref.as_str() == target)
    }

    pub(crate) fn ancestry(&self, first: &ScannedEntity) -> Vec<(String, Vec<String>)> {
        let mut queue = VecDeque::from([first]);
        let mut done: Vec<(String, Vec<String>)> = Vec::new();
        let mut met = vec![first.entity_ref.clone()];
        while let Some(entity) = queue.pop_front() {
            let find =
                |parent: &EntityRef| self.seen.iter().find(|entity| entity.entity_ref == *parent);
            let parents: Vec<&ScannedEntity> = entity.parents.iter().filter_map(find).collect();
            for parent in &parents {
                if !met.contains(&parent.entity_ref) {
                    met.push(parent.entity_ref.clone());
                    queue.push_back(parent);
                }
            }
            let names = parents.iter().map(|parent| parent.entity_ref.to_string()).collect();
            done.push((entity.entity_ref.to_string(), names));
        }
        done
    }

    pub(crate) fn search(
        &self,
        text: &str,
        predicate: &EntityPredicate,
        offset: usize,
        limit: usize,
    ) -> (Vec<String>, usize) {
        let text: String = text.trim().chars().flat_map(char::to_lowercase).collect();
        let asked = words(&text);
        if asked.is_empty() {
            return (Vec::new(), 0);
        }
        let candidates: Vec<_> =
            self.seen.iter().filter(|entity| entity.rows.matches(predicate)).collect();
        let near: Vec<HashSet<String>> = asked.iter().map(|word| edits(word)).collect();
        let mut hits: Vec<(usize, usize, &str)> = Vec::new();
        let mut typos: Vec<(usize, usize, &str)> = Vec::new();
        for entity in candidates {
            let searched = Searched::new(entity);
            let hit = (entity.entity_ref.name().len(), entity.entity_ref.as_str());
            match searched.tier(entity.entity_ref.as_str(), &text, &asked) {
                Some(tier) => hits.push((tier, hit.0, hit.1)),
                None if searched.has_typo(&asked, &near) => typos.push((9, hit.0, hit.1)),
                None => {}
            }
        }
        if hits.len() < 20 {
            hits.extend(typos);
        }
        hits.sort_unstable();
        let total = hits.len();
        let page = hits.into_iter().skip(offset).take(limit);
        (page.map(|(_, _, entity_ref)| entity_ref.to_owned()).collect(), total)
    }
}

fn compare(order: &[EntityOrder], one: &SortKey, other: &SortKey) -> Ordering {
    for (index, field) in order.iter().enumerate() {
        let values =
            (one.values.get(index).cloned().flatten(), other.values.get(index).cloned().flatten());
        let ordering = match (values, field.direction) {
            ((None, None), _) => Ordering::Equal,
            ((None, Some(_)), _) => Ordering::Greater,
            ((Some(_), None), _) => Ordering::Less,
            ((Some(one), Some(other)), Direction::Asc) => one.cmp(&other),
            ((Some(one), Some(other)), Direction::Desc) => other.cmp(&one),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    one.entity_ref.cmp(&other.entity_ref)
}

fn range(keys: &[SortKey], order: &[EntityOrder], query: &EntitiesQuery) -> std::ops::Range<usize> {
    let limit = query.limit.unwrap_or(usize::MAX);
    let (from, to) = match &query.position {
        Position::Start => (0, limit),
        Position::Offset(skip) => (*skip, skip.saturating_add(limit)),
        Position::After(key) => {
            let from = keys.partition_point(|one| compare(order, one, key) != Ordering::Greater);
            (from, from.saturating_add(limit))
        }
        Position::Before(key) => {
            let to = keys.partition_point(|one| compare(order, one, key) == Ordering::Less);
            (to.saturating_sub(limit), to)
        }
        Position::End => (keys.len().saturating_sub(limit), keys.len()),
    };
    from.min(keys.len())..to.min(keys.len())
}

fn words(text: &str) -> Vec<String> {
    let text: String = text.chars().flat_map(char::to_lowercase).collect();
    let words = text.split(|character: char| !character.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The searched texts of an entity.
struct Searched {
    name: Vec<String>,
    titles: Vec<String>,
    rest: Vec<String>,
}

impl Searched {
    fn new(entity: &ScannedEntity) -> Self {
        let text = |pointer: &str| {
            let text = entity.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            text.chars().flat_map(char::to_lowercase).collect::<String>()
        };
        let is_long = |text: &String| text.encode_utf16().count() > 200;
        let titles = vec![text("/metadata/title"), text("/spec/profile/displayName")];
        assert!(!titles.iter().any(is_long), "words of long titles are found in any field only");
        let tags = entity.json.pointer("/metadata/tags").and_then(Value::as_array);
        let mut rest: Vec<String> =
            tags.into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase).collect();
        let description = text("/metadata/description");
        rest.push(description[..description.floor_char_boundary(4096)].to_owned());
        Self { name: vec![text("/metadata/name")], titles, rest }
    }

    fn tier(&self, entity_ref: &str, text: &str, asked: &[String]) -> Option<usize> {
        let starts = |texts: &[String]| texts.iter().any(|one| one.starts_with(text));
        let is = |texts: &[String]| texts.iter().any(|one| one == text);
        if is(&self.name) || entity_ref == text {
            return Some(0);
        }
        let name = all_words(&self.name);
        let titled: Vec<String> = [name.clone(), all_words(&self.titles)].concat();
        let any: Vec<String> = [titled.clone(), all_words(&self.rest)].concat();
        let has_all = |words: &[String]| {
            asked.iter().all(|asked| words.iter().any(|word| word.starts_with(asked)))
        };
        let tiers = [is(&self.titles), starts(&self.name), starts(&self.titles)];
        let tiers = tiers.into_iter().chain([has_all(&name), has_all(&titled), has_all(&any)]);
        tiers.zip(1..).find_map(|(holds, tier)| holds.then_some(tier))
    }

    fn has_typo(&self, asked: &[String], near: &[HashSet<String>]) -> bool {
        let any = [all_words(&self.name), all_words(&self.titles), all_words(&self.rest)].concat();
        let starts = |asked: &str| any.iter().any(|word| word.starts_with(asked));
        let others = |skipped: std::ops::Range<usize>| {
            (0..asked.len()).filter(|at| !skipped.contains(at)).all(|at| starts(&asked[at]))
        };
        let is_near = |at: usize| any.iter().any(|word| near[at].contains(word));
        let is_split = |asked: &str| {
            let cuts = asked.char_indices().skip(1).map(|(at, _)| asked.split_at(at));
            cuts.into_iter()
                .any(|(first, rest)| any.iter().any(|word| word == first) && starts(rest))
        };
        let in_word = (0..asked.len()).any(|at| {
            asked[at].chars().count() >= 4
                && others(at..at + 1)
                && (is_near(at) || is_split(&asked[at]))
        });
        let joined = (1..asked.len())
            .any(|at| others(at - 1..at + 1) && starts(&format!("{}{}", asked[at - 1], asked[at])));
        in_word || joined
    }
}

fn all_words(texts: &[String]) -> Vec<String> {
    let words = texts.iter().flat_map(|text| words(text));
    words.filter(|word| word.encode_utf16().count() <= 200).collect()
}

/// Every text one edit away, with the letters that occur.
fn edits(word: &str) -> HashSet<String> {
    let letters: Vec<char> = word.chars().collect();
    let alphabet: Vec<char> = ('a'..='z').chain('0'..='9').chain("æøåß".chars()).collect();
    let mut all = Vec::new();
    for at in 0..=letters.len() {
        let (head, tail) = letters.split_at(at);
        for letter in &alphabet {
            all.push([head, &[*letter], tail].concat());
            if let [_, rest @ ..] = tail {
                all.push([head, &[*letter], rest].concat());
            }
        }
        if let [_, rest @ ..] = tail {
            all.push([head, rest].concat());
        }
        if let [one, two, rest @ ..] = tail {
            all.push([head, &[*two, *one], rest].concat());
        }
    }
    all.retain(|edited| *edited != letters);
    all.into_iter().map(String::from_iter).collect()
}
