//! One question's last good answer, and what is wrong with newer ones.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use callboard_plugin::{InstantVector, MetricsError, ObservationState};

use crate::answers::Reading;

/// Why the newest answer is not the whole truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) state: ObservationState,
    pub(crate) reason: Arc<str>,
    pub(crate) scope: Scope,
}

/// What else a trouble concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The one question.
    Question,
    /// The source: no other question would be answered either.
    Source,
}

impl Trouble {
    fn stale(reason: String) -> Self {
        Self { state: ObservationState::Stale, reason: reason.into(), scope: Scope::Question }
    }

    pub(crate) fn of(error: &MetricsError) -> Self {
        let state = match error {
            MetricsError::Unreachable { .. } => ObservationState::Unreachable,
            MetricsError::Forbidden { status: 403, .. } => ObservationState::Forbidden,
            MetricsError::NotRecorded { .. } => ObservationState::Absent,
            MetricsError::Forbidden { .. }
            | MetricsError::Refused { .. }
            | MetricsError::Malformed { .. } => ObservationState::Stale,
        };
        Self { state, reason: error.to_string().into(), scope: scope(error) }
    }
}

/// A query that is wrong, too heavy or too large says nothing of others.
fn scope(error: &MetricsError) -> Scope {
    match error {
        MetricsError::Refused { status: 400 | 422, .. } | MetricsError::NotRecorded { .. } => {
            Scope::Question
        }
        MetricsError::Malformed { reason, .. } if reason.starts_with("LIMIT") => Scope::Question,
        _ => Scope::Source,
    }
}

/// What is kept of a question's answers.
#[derive(Debug)]
pub(crate) struct Part<T> {
    kept: Option<Kept<T>>,
    trouble: Option<Trouble>,
}

#[derive(Debug)]
struct Kept<T> {
    value: T,
    observed_at: SystemTime,
    dropped_series: usize,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { kept: None, trouble: None }
    }
}

impl<T: Reading> Part<T> {
    /// The last good answer.
    pub(crate) fn value(&self) -> Option<&T> {
        self.kept.as_ref().map(|kept| &kept.value)
    }

    /// When that was true.
    pub(crate) fn observed_at(&self) -> Option<SystemTime> {
        self.kept.as_ref().map(|kept| kept.observed_at)
    }

    /// How many series it had beyond the budget.
    pub(crate) fn dropped_series(&self) -> usize {
        self.kept.as_ref().map_or(0, |kept| kept.dropped_series)
    }

    /// What is wrong now.
    pub(crate) fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Takes the outcome of the question.
    ///
    /// A failure keeps what there was. So does an answer that may lack something, as long as what
    /// there was is not older than `patience`: by then an answer with gaps is nearer the truth.
    pub(crate) fn take(
        &mut self,
        outcome: &Result<InstantVector, MetricsError>,
        patience: Duration,
    ) {
        let answer = match outcome {
            Ok(answer) => answer,
            Err(error) => {
                self.trouble = Some(Trouble::of(error));
                return;
            }
        };
        let value = T::of(answer);
        let doubt = doubt(answer, &value);
        let is_patient = self.observed_at().is_some_and(|observed_at| {
            let age = answer.evaluated_at.duration_since(observed_at).unwrap_or_default();
            age <= patience
        });
        if doubt.is_none() || !is_patient {
            let (observed_at, dropped_series) = (answer.evaluated_at, answer.dropped_series);
            self.kept = Some(Kept { value, observed_at, dropped_series });
        }
        self.trouble = doubt.or_else(|| limit(answer)).map(Trouble::stale);
    }
}

/// Why an answer may lack something, in words.
fn doubt<T: Reading>(answer: &InstantVector, value: &T) -> Option<String> {
    let is_cut_by_us = answer.dropped_series > 0;
    let warning = answer.warnings.iter().find(|warning| {
        // What Prometheus remarks on an expression does not make its answer a part of one.
        let is_remark = warning.starts_with("PromQL ");
        let is_our_limit = is_cut_by_us && warning.contains("truncated due to limit");
        !is_remark && !is_our_limit
    });
    if let Some(warning) = warning {
        return Some(format!("the newest answer may be incomplete: {warning}"));
    }
    let unread = value.unread();
    value.has_gaps().then(|| {
        let (numberless, all) = (unread.numberless, unread.all);
        format!("{numberless} of {all} series of the newest answer have no number (NaN)")
    })
}

/// Says so if the answer was larger than its budget.
fn limit(answer: &InstantVector) -> Option<String> {
    let kept = answer.samples.len();
    let all = kept + answer.dropped_series;
    (answer.dropped_series > 0)
        .then(|| format!("LIMIT: {kept} of at least {all} series are read, the rest is left out"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{answers::Requests, edge::tests::sample};

    const PATIENCE: Duration = Duration::from_mins(5);

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn answer(seconds: u64, value: f64) -> InstantVector {
        let labels = "namespace=bank,deployment=web,dst_namespace=bank,dst_deployment=api";
        InstantVector {
            samples: vec![sample(labels, value)],
            evaluated_at: at(seconds),
            warnings: Vec::new(),
            dropped_series: 0,
        }
    }

    fn amount(part: &Part<Requests>) -> Option<f64> {
        part.value()?.flows.values().next()?.amount()
    }

    fn reason(part: &Part<Requests>) -> Option<(ObservationState, &str)> {
        part.trouble().map(|trouble| (trouble.state, &*trouble.reason))
    }

    #[test]
    fn a_failure_keeps_the_last_good_answer_and_its_age() {
        let mut part = Part::<Requests>::default();
        part.take(&Ok(answer(100, 2.0)), PATIENCE);
        assert_eq!((amount(&part), reason(&part)), (Some(2.0), None));
        let source_name: Arc<str> = "prometheus/a".into();
        let failures = [
            (
                MetricsError::Unreachable {
                    source_name: Arc::clone(&source_name),
                    reason: "refused".into(),
                },
                ObservationState::Unreachable,
            ),
            (
                MetricsError::Forbidden { source_name: Arc::clone(&source_name), status: 403 },
                ObservationState::Forbidden,
            ),
            (
                MetricsError::Forbidden { source_name: Arc::clone(&source_name), status: 401 },
                ObservationState::Stale,
            ),
            (
                MetricsError::Malformed { source_name, reason: "HTML".into() },
                ObservationState::Stale,
            ),
        ];
        for (failure, state) in failures {
            let words = failure.to_string();
            part.take(&Err(failure), PATIENCE);
            assert_eq!(reason(&part), Some((state, words.as_str())));
            assert_eq!((amount(&part), part.observed_at()), (Some(2.0), Some(at(100))));
        }
        part.take(&Ok(answer(200, 3.0)), PATIENCE);
        assert_eq!((amount(&part), reason(&part)), (Some(3.0), None));
    }

    #[test]
    fn an_answer_with_gaps_waits_until_the_last_good_one_is_too_old() {
        let mut part = Part::<Requests>::default();
        part.take(&Ok(answer(100, 2.0)), PATIENCE);
        let partial = |seconds| {
            let warnings = vec!["partial response: store-2 is down".to_owned()];
            InstantVector { warnings, ..answer(seconds, 1.0) }
        };
        part.take(&Ok(partial(400)), PATIENCE);
        assert_eq!((amount(&part), part.observed_at()), (Some(2.0), Some(at(100))));
        assert!(reason(&part).unwrap().1.contains("store-2 is down"));
        part.take(&Ok(partial(401)), PATIENCE);
        assert_eq!((amount(&part), part.observed_at()), (Some(1.0), Some(at(401))));
        assert!(reason(&part).unwrap().1.contains("store-2 is down"));
    }

    #[test]
    fn an_answer_of_nan_never_replaces_numbers_at_once() {
        let mut part = Part::<Requests>::default();
        part.take(&Ok(answer(100, 2.0)), PATIENCE);
        part.take(&Ok(answer(130, f64::NAN)), PATIENCE);
        assert_eq!((amount(&part), part.observed_at()), (Some(2.0), Some(at(100))));
        let words = "1 of 1 series of the newest answer have no number (NaN)";
        assert_eq!(reason(&part), Some((ObservationState::Stale, words)));
    }

    #[test]
    fn remarks_of_promql_are_no_doubt() {
        let mut part = Part::<Requests>::default();
        let warnings = vec!["PromQL warning: bucket label \"le\" is missing".to_owned()];
        part.take(&Ok(InstantVector { warnings, ..answer(100, 2.0) }), PATIENCE);
        assert_eq!(reason(&part), None);
    }

    #[test]
    fn the_budget_cuts_with_a_word() {
        let mut part = Part::<Requests>::default();
        let warnings = vec!["results truncated due to limit".to_owned()];
        let cut = InstantVector { warnings, dropped_series: 9, ..answer(100, 2.0) };
        part.take(&Ok(answer(70, 1.0)), PATIENCE);
        part.take(&Ok(cut), PATIENCE);
        assert_eq!((amount(&part), part.dropped_series()), (Some(2.0), 9));
        let words = "LIMIT: 1 of at least 10 series are read, the rest is left out";
        assert_eq!(reason(&part), Some((ObservationState::Stale, words)));
    }
}
