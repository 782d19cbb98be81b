//! Crashes at random points: in the midst of a transaction, and between two.

use std::{collections::BTreeMap, sync::Arc};

use callboard_store::{ConnectError, Store};
use callboard_tests::engine::{EngineDatabase, EngineSetup, RunningEngine, ScriptedProvider, uids};

use super::{
    script::{Dice, Script, Step, arrive, edit, folder, setup},
    stores::TestStore,
};

/// Lives with crashes.
const SEEDS: u64 = 20;

/// Crashes of one life.
const CRASHES: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life_with_crashes_ends_as_one_without() {
    for seed in 0..SEEDS {
        Life::new(seed).live().await;
    }
}

/// One script, and the uids that were ever served of what never goes.
struct Life {
    seed: u64,
    dice: Dice,
    script: Script,
    served: BTreeMap<String, String>,
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed + 1000);
        let script = Script::random(40, &mut dice);
        Self { seed, dice, script, served: BTreeMap::new() }
    }

    async fn live(mut self) {
        let database = EngineDatabase::sqlite();
        let (folder, provider) = (folder(), ScriptedProvider::new("provider"));
        let setup = setup(&folder, &provider);
        let mut step = 0;
        for _ in 0..CRASHES {
            let polls = 1_i64 << self.dice.roll(10);
            let polls = polls + i64::try_from(self.dice.roll(32)).unwrap();
            let (store, engine) = start(&database, &setup, polls).await;
            while step < self.script.steps.len() && !store.stuck.is_cancelled() {
                let taken = match &self.script.steps[step] {
                    Step::Mutate(mutation) => tokio::select! {
                        // Done again after the crash unless it was acknowledged.
                        taken = provider.apply(mutation.clone()) => taken.is_ok(),
                        () = store.stuck.cancelled() => false,
                    },
                    file => {
                        edit(&folder, file);
                        true
                    }
                };
                step += usize::from(taken);
                if self.dice.roll(20) == 0 {
                    break;
                }
            }
            if step == self.script.steps.len() {
                tokio::select! {
                    () = provider.settle() => {}
                    () = store.stuck.cancelled() => {}
                }
            }
            self.check_uids(&engine);
            engine.kill().await;
        }
        let engine = RunningEngine::start(&database, &setup).await;
        for step in &self.script.steps[step..] {
            match step {
                Step::Mutate(mutation) => provider.apply(mutation.clone()).await.unwrap(),
                file => edit(&folder, file),
            }
        }
        let expected = self.script.expected(&folder).await;
        arrive(&engine, &expected, &format!("seed {}", self.seed)).await;
        self.check_uids(&engine);
        engine.stop().await;
    }

    /// What is in the catalog from its first load to the end keeps its uid.
    fn check_uids(&mut self, engine: &RunningEngine) {
        let stays = ["component:default/kept", "component:default/sentinel"];
        for (entity_ref, uid) in uids(&engine.reader()) {
            if entity_ref.starts_with("location:") || stays.contains(&&*entity_ref) {
                let first = self.served.entry(entity_ref.clone()).or_insert_with(|| uid.clone());
                assert_eq!(*first, uid, "seed {}: the uid of {entity_ref}", self.seed);
            }
        }
    }
}

async fn start(
    database: &EngineDatabase,
    setup: &EngineSetup,
    polls: i64,
) -> (Arc<TestStore>, RunningEngine) {
    let store = loop {
        match Store::connect(database.config()).await {
            Ok(store) => break store,
            // The one that crashed gives its file free a moment later.
            Err(ConnectError::InUse { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error:?}"),
        }
    };
    let store = TestStore::with_steps(store, polls);
    let engine = RunningEngine::start_on(Arc::clone(&store) as Arc<_>, setup);
    (store, engine)
}
