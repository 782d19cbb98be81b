//! Random lives of a catalog: files that are edited, broken, emptied and mended, entities that move
//! between them, and a provider that changes its mind. Each ends in a state that a fresh load of the
//! last files gives, too.

use std::collections::BTreeMap;

use callboard_catalog::{ingestion::EntityProviderMutation, processing::DeferredEntity};
use callboard_model::EntityRef;
use callboard_tests::engine::{
    EngineDatabase, EngineSetup, RunningEngine, ScriptedProvider, deferred, final_entities,
};
use serde_json::{Value, json};

use super::fixture::{Folder, component_with, documents, location};

/// Files that a Location names one by one.
const NAMED: usize = 4;

/// Files that a pattern finds.
const FOUND: usize = 4;

/// Entities of a file that are always there once it is good.
const STABLE: usize = 3;

/// Entities that move from file to file.
const MOVERS: usize = 6;

/// Random numbers that are the same for the same seed. Source: splitmix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }
}

/// One thing that happens.
#[derive(Clone)]
pub(crate) enum Step {
    /// A file is saved.
    Save(String, String),
    /// A file goes.
    Remove(String),
    /// The provider speaks.
    Mutate(EntityProviderMutation),
}

/// What happens, in order.
pub(crate) struct Script {
    pub(crate) steps: Vec<Step>,
    /// What the provider emits in the end.
    provided: Vec<DeferredEntity>,
}

fn file_name(number: usize) -> String {
    if number < NAMED { format!("named-{number}.yaml") } else { format!("found/{number}.yaml") }
}

fn service(number: usize, dice: &mut Dice) -> DeferredEntity {
    let depends = format!("component:stable-{}-0", dice.roll(NAMED + FOUND));
    let spec = json!({
        "type": "service", "lifecycle": "production", "owner": format!("crew-{}", dice.roll(3)),
        "dependsOn": [depends],
    });
    deferred("Component", &format!("provided-{number}"), &spec, "url:https://provider.example/")
}

/// The text of a file with these movers.
fn text(number: usize, movers: &[usize], dice: &mut Dice) -> String {
    let mut all = Vec::new();
    for stable in 0..STABLE {
        let other = format!("stable-{}-{}", dice.roll(NAMED + FOUND), dice.roll(STABLE));
        let spec = format!("  dependsOn: [component:{other}]");
        all.push(component_with(&format!("stable-{number}-{stable}"), &spec));
    }
    for mover in movers {
        let spec = format!("  subcomponentOf: stable-{number}-0\n  size: {}", dice.roll(3));
        all.push(component_with(&format!("mover-{mover}"), &spec));
    }
    // Never good, so that it fails in the same way whatever happened before.
    all.push(component_with(&format!("bad-{number}"), "  dependsOn: [nobody]"));
    documents(&all)
}

impl Script {
    /// `length` random steps, and those that bring everything in order.
    pub(crate) fn random(length: usize, dice: &mut Dice) -> Self {
        let mut steps = Vec::new();
        for _ in 0..length {
            let number = dice.roll(NAMED + FOUND);
            let movers: Vec<usize> = (0..MOVERS).filter(|_| dice.roll(4) == 0).collect();
            steps.push(match dice.roll(8) {
                0 => Step::Remove(file_name(number)),
                1 => Step::Save(file_name(number), "kind: [broken\n".to_owned()),
                2 => {
                    let broken = format!("{}---\nkind: [broken\n", text(number, &movers, dice));
                    Step::Save(file_name(number), broken)
                }
                3 => {
                    let added = (0..4).map(|_| dice.roll(6)).collect::<Vec<_>>();
                    let removed = EntityRef::new("component", "default", "provided-5");
                    let added = added.into_iter().filter(|number| *number != 5);
                    let added = added.map(|number| service(number, dice)).collect();
                    Step::Mutate(EntityProviderMutation::Delta { added, removed: vec![removed] })
                }
                4 => {
                    let all = (0..6).filter(|_| dice.roll(2) == 0).collect::<Vec<_>>();
                    let all = all.into_iter().map(|number| service(number, dice)).collect();
                    Step::Mutate(EntityProviderMutation::Full(all))
                }
                _ => Step::Save(file_name(number), text(number, &movers, dice)),
            });
        }
        let provided: Vec<_> = (0..4).map(|number| service(number, dice)).collect();
        steps.push(Step::Mutate(EntityProviderMutation::Full(provided.clone())));
        let homes: Vec<usize> = (0..MOVERS).map(|_| dice.roll(NAMED + FOUND)).collect();
        for number in 0..NAMED + FOUND {
            let movers: Vec<usize> = (0..MOVERS).filter(|mover| homes[*mover] == number).collect();
            steps.push(Step::Save(file_name(number), text(number, &movers, dice)));
        }
        Self { steps, provided }
    }

    /// What a fresh load of `folder` gives.
    pub(crate) async fn expected(&self, folder: &Folder) -> BTreeMap<String, Value> {
        let provider = ScriptedProvider::new("provider");
        let database = EngineDatabase::sqlite();
        let engine = RunningEngine::start(&database, &setup(folder, &provider)).await;
        engine.entity("component:default/sentinel").await;
        provider.full(self.provided.clone()).await;
        let all = final_entities(&engine.reader());
        engine.stop().await;
        all
    }
}

/// The folder that a script works on.
pub(crate) fn folder() -> Folder {
    let named: Vec<String> = (0..NAMED).map(|number| format!("./{}", file_name(number))).collect();
    let mut targets: Vec<&str> = named.iter().map(String::as_str).collect();
    targets.extend(["./found/*.yaml", "./sentinel.yaml"]);
    Folder::with(&[
        ("root.yaml", &location("root", &targets)),
        ("sentinel.yaml", &component_with("sentinel", "")),
        ("found/keep.yaml", &component_with("kept", "")),
    ])
}

/// An engine on that folder that deletes orphans soon.
pub(crate) fn setup(folder: &Folder, provider: &std::sync::Arc<ScriptedProvider>) -> EngineSetup {
    EngineSetup::files(&[&folder.path("root.yaml")]).with(provider).cleaning_up()
}

/// Does a step that concerns files.
pub(crate) fn edit(folder: &Folder, step: &Step) {
    match step {
        Step::Save(name, text) => folder.save(name, text),
        Step::Remove(name) => folder.remove_if_there(name),
        Step::Mutate(_) => {}
    }
}

/// Waits until the catalog is what a fresh load gives.
pub(crate) async fn arrive(
    engine: &RunningEngine,
    expected: &BTreeMap<String, Value>,
    context: &str,
) {
    let mut last = BTreeMap::new();
    let arrived = engine.until_or_deadline(|reader| {
        last = final_entities(reader);
        (last == *expected).then_some(())
    });
    if arrived.await.is_none() {
        let keys = last.keys().chain(expected.keys()).collect::<std::collections::BTreeSet<_>>();
        for key in keys {
            assert_eq!(last.get(key), expected.get(key), "{context}: {key}");
        }
    }
}
