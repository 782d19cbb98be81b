//! `kill -9` at random moments of a load.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    lab::{
        Database, FinalEntities, Lab, Server, Stage, final_entities, load_limit, served_uids,
        wait_complete,
    },
    prove::outcome::{Figures, Outcome},
};

/// How many loads are killed.
const KILLS: u32 = 50;

/// Estates of this many thousand entities.
const FACTOR: u32 = 5;

/// The same in every run, so that a failure can be repeated.
const SEED: u64 = 0x5eed;

/// A small generator of moments (`SplitMix64`).
struct Moments(u64);

impl Moments {
    /// A share of a whole, 0–1.
    #[expect(clippy::cast_precision_loss, reason = "32 bits are enough for a moment")]
    fn next_share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 32) as f64 / f64::from(u32::MAX)
    }
}

/// Fifty loads, each killed once and started again.
pub(crate) fn kill_points(lab: &mut Lab, database: Database) -> anyhow::Result<Outcome> {
    let (undisturbed, whole) = undisturbed(lab, database)?;
    let mut moments = Moments(SEED);
    let (mut differing, mut changed_uids) = (Vec::new(), Vec::new());
    for kill in 0..KILLS {
        // A little over the whole, so that the last commits are hit, too.
        let moment = whole.mul_f64(1.1 * moments.next_share());
        let disturbed = disturbed(lab, database, moment)?;
        if let Some(difference) = difference(&undisturbed, &disturbed.entities) {
            differing.push(format!("{kill} at {} ms: {difference}", moment.as_millis()));
        }
        changed_uids.extend(disturbed.changed_uids);
    }
    let mut figures = Figures::default();
    figures.note(format!("{KILLS} kills over {:.1} s of load", whole.as_secs_f64()));
    figures.must("the same final entities", first_of(&differing));
    figures.must("uids stay", first_of(&changed_uids));
    Ok(figures.outcome())
}

fn first_of(problems: &[String]) -> Option<String> {
    problems.first().map(|first| format!("{} times, first {first}", problems.len()))
}

/// The final entities of a load that nobody disturbs, and how long it took.
fn undisturbed(lab: &mut Lab, database: Database) -> anyhow::Result<(FinalEntities, Duration)> {
    let stage = Stage::empty(lab, database, FACTOR)?;
    let (started, mut client) = stage.serve_complete(FACTOR)?;
    let whole = started.at.elapsed();
    Ok((final_entities(&mut client)?, whole))
}

struct Disturbed {
    entities: FinalEntities,
    changed_uids: Vec<String>,
}

fn disturbed(lab: &mut Lab, database: Database, moment: Duration) -> anyhow::Result<Disturbed> {
    let stage = Stage::empty(lab, database, FACTOR)?;
    let uids = |server: &Server| served_uids(&mut server.client());
    let killed: BTreeMap<String, String> = stage.launch()?.kill_at(moment, uids)?;
    let again = stage.serve()?;
    let mut client = again.server.client();
    wait_complete(&mut client, stage.estate.manifest(), load_limit(FACTOR))?;
    let now = served_uids(&mut client)?;
    let changed_uids = killed
        .iter()
        .filter(|(entity_ref, uid)| now.get(*entity_ref).is_some_and(|now| now != *uid))
        .map(|(entity_ref, _)| entity_ref.clone())
        .collect();
    Ok(Disturbed { entities: final_entities(&mut client)?, changed_uids })
}

fn difference(expected: &FinalEntities, found: &FinalEntities) -> Option<String> {
    let missing = expected.keys().find(|entity_ref| !found.contains_key(*entity_ref));
    if let Some(entity_ref) = missing {
        return Some(format!("{entity_ref} is missing"));
    }
    let extra = found.keys().find(|entity_ref| !expected.contains_key(*entity_ref));
    if let Some(entity_ref) = extra {
        return Some(format!("{entity_ref} is too many"));
    }
    let other = expected.iter().find(|(entity_ref, entity)| found.get(*entity_ref) != Some(entity));
    other.map(|(entity_ref, _)| format!("{entity_ref} differs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_shares_and_repeat() {
        let shares = |seed| {
            let mut moments = Moments(seed);
            [moments.next_share(), moments.next_share()]
        };
        assert!(shares(SEED).iter().all(|share| (0.0..=1.0).contains(share)));
        assert_eq!(shares(SEED).map(f64::to_bits), shares(SEED).map(f64::to_bits));
        assert_ne!(shares(SEED).map(f64::to_bits), shares(SEED + 1).map(f64::to_bits));
    }

    #[test]
    fn a_changed_entity_is_a_difference() {
        let one = FinalEntities::from([("a".to_owned(), serde_json::json!(1))]);
        let two = FinalEntities::from([("a".to_owned(), serde_json::json!(2))]);
        assert_eq!(difference(&one, &one), None);
        assert_eq!(difference(&one, &two).as_deref(), Some("a differs"));
    }
}
