//! Whatever happens on the way, and however it falls together: the end is that of a fresh load.

use callboard_tests::engine::{EngineDatabase, RunningEngine, ScriptedProvider};

use super::{
    fixture::on_each_database,
    script::{Dice, Script, Step, arrive, edit, folder, setup},
};

on_each_database!(random_interleavings_end_as_a_fresh_load_of_the_last_state);

/// Lives on each database.
const SEEDS: u64 = 8;

async fn random_interleavings_end_as_a_fresh_load_of_the_last_state(database: EngineDatabase) {
    for seed in 0..SEEDS {
        let mut dice = Dice::new(seed);
        let script = Script::random(60, &mut dice);
        let (folder, provider) = (folder(), ScriptedProvider::new("provider"));
        let engine = RunningEngine::start(&database, &setup(&folder, &provider)).await;
        for step in &script.steps {
            match step {
                Step::Mutate(mutation) => provider.apply(mutation.clone()).await.unwrap(),
                file => edit(&folder, file),
            }
            // Some steps fall together, others are seen one by one.
            if dice.roll(3) == 0 {
                provider.settle().await;
            }
        }
        let expected = script.expected(&folder).await;
        arrive(&engine, &expected, &format!("seed {seed}")).await;
        engine.stop().await;
    }
}
