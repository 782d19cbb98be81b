//! What the engine counts, under the names of upstream's `catalog_*` series, so that existing
//! Grafana boards work. Source: Backstage `catalog-backend` metrics (old Prometheus naming).

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use super::job::JobOutcome;
use crate::{
    entities_catalog::EntitiesCatalog as _,
    index::SharedIndex,
    query::{EntityPredicate, ReadCondition},
};

/// One entity was processed.
pub(super) fn processed(outcome: &JobOutcome, duration: Duration, waited: Duration) {
    let result = match outcome {
        JobOutcome::Unchanged => "unchanged",
        JobOutcome::Processed(processed) | JobOutcome::Files(processed) => {
            if processed.completed.is_none() {
                "failed"
            } else if processed.errors.is_empty() {
                "changed"
            } else {
                "errors"
            }
        }
    };
    counter!("catalog_processed_entities_count", "result" => result).increment(1);
    histogram!("catalog_processing_duration_seconds", "result" => result).record(duration);
    histogram!("catalog_processing_queue_delay_seconds").record(waited);
}

/// A transaction stitched this many entities.
pub(super) fn stitched(entities: u64, duration: Duration) {
    counter!("catalog_stitched_entities_count", "result" => "changed").increment(entities);
    histogram!("catalog_stitching_duration_seconds").record(duration);
}

/// What waits.
pub(super) fn waiting(to_process: usize, to_stitch: usize) {
    gauge!("catalog_processing_queue_length").set(float(to_process));
    gauge!("catalog_stitching_queue_length").set(float(to_stitch));
}

/// What is served.
pub(super) fn served(catalog: &SharedIndex) {
    let reader = catalog.reader(&ReadCondition::Everything);
    for facet in reader.facets(&["kind"], &EntityPredicate::always()) {
        for value in facet.values.iter() {
            let kind = value.value.to_string();
            gauge!("catalog_entities_count", "kind" => kind).set(float(value.count));
        }
    }
}

/// What the ingesting process knows.
pub(super) fn known(relations: usize, locations: usize) {
    gauge!("catalog_relations_count").set(float(relations));
    gauge!("catalog_registered_locations_count").set(float(locations));
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn float(count: usize) -> f64 {
    count as f64
}
