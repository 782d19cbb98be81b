//! How clusters stand: which are not up to date, and what of each is missing.

use percent_encoding::utf8_percent_encode;

use crate::{
    entity_link::SEGMENT,
    moment::Moment,
    seen::{ObservationState, Seen},
};

/// A cluster as pages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterLink {
    pub(crate) text: String,
    pub(crate) path: String,
}

impl ClusterLink {
    /// To the cluster of this name.
    pub(crate) fn new(name: &str) -> Self {
        Self { text: name.to_owned(), path: cluster_path(name) }
    }
}

/// The path of a cluster's page.
pub(crate) fn cluster_path(name: &str) -> String {
    format!("/clusters/{}", utf8_percent_encode(name, SEGMENT))
}

/// What every page of clusters tells first: what is not up to date.
#[derive(Debug, Default)]
pub(crate) struct Strip {
    total: usize,
    pub(crate) troubled: Vec<Troubled>,
    recordings: usize,
    /// When the oldest recording was made.
    pub(crate) recorded: Option<Moment>,
}

/// A source of a cluster that is not up to date.
#[derive(Debug)]
pub(crate) struct Troubled {
    pub(crate) cluster: ClusterLink,
    /// What sort of source.
    pub(crate) what: &'static str,
    pub(crate) seen: Seen,
}

impl Strip {
    /// Of clusters, each with the states of its sources.
    pub(crate) fn new(clusters: impl Iterator<Item = (String, Vec<(&'static str, Seen)>)>) -> Self {
        let mut strip = Self::default();
        for (name, sources) in clusters {
            strip.total += 1;
            let is_recorded = |seen: &Seen| seen.state == ObservationState::Recorded;
            if sources.iter().all(|(_, seen)| is_recorded(seen)) {
                strip.count_recording(sources.iter().filter_map(|(_, seen)| seen.at.clone()));
            }
            let troubled = sources.into_iter().filter(|(_, seen)| !seen.state.is_current());
            strip.troubled.extend(troubled.map(|(what, seen)| Troubled {
                cluster: ClusterLink::new(&name),
                what,
                seen,
            }));
        }
        strip
    }

    fn count_recording(&mut self, moments: impl Iterator<Item = Moment>) {
        self.recordings += 1;
        let moments = moments.chain(self.recorded.take());
        self.recorded = moments.min_by(|one, other| one.exact.cmp(&other.exact));
    }

    /// Such as `2 of 9 clusters are`.
    pub(crate) fn troubled_in_words(&self) -> String {
        let mut names: Vec<_> = self.troubled.iter().map(|one| &one.cluster.text).collect();
        names.dedup();
        match (names.len(), self.total) {
            (1, total) => format!("1 of {total} clusters is"),
            (count, total) => format!("{count} of {total} clusters are"),
        }
    }

    /// Such as `All 9 clusters are recordings`.
    pub(crate) fn recorded_in_words(&self) -> String {
        match (self.recordings, self.total) {
            (1, 1) => "The cluster is a recording".to_owned(),
            (count, total) if count == total => format!("All {total} clusters are recordings"),
            (1, total) => format!("1 of {total} clusters is a recording"),
            (count, total) => format!("{count} of {total} clusters are recordings"),
        }
    }
}

/// What of a cluster is not up to date, for one reason.
#[derive(Debug)]
pub(crate) struct Shortfall {
    pub(crate) state: ObservationState,
    /// The kinds, such as `Pod, Job`.
    pub(crate) subjects: String,
    pub(crate) reason: Option<String>,
    pub(crate) since: Moment,
    pub(crate) at: Option<Moment>,
}

/// What of these is not up to date; what shares its state and reason stands together, in the
/// order of the first.
pub(crate) fn shortfalls(subjects: impl Iterator<Item = (String, Seen)>) -> Vec<Shortfall> {
    let mut found: Vec<Shortfall> = Vec::new();
    for (subject, seen) in subjects.filter(|(_, seen)| !seen.state.is_current()) {
        let is_same = |one: &&mut Shortfall| one.state == seen.state && one.reason == seen.reason;
        if let Some(known) = found.iter_mut().find(is_same) {
            known.subjects.push_str(", ");
            known.subjects.push_str(&subject);
            continue;
        }
        let Seen { state, reason, since, at, .. } = seen;
        found.push(Shortfall { state, subjects: subject, reason, since, at });
    }
    found
}

/// The states of a document's clusters as a strip.
macro_rules! strip {
    ($clusters:expr, $now:expr) => {
        $crate::standing::Strip::new($clusters.into_iter().map(|cluster| {
            let sources = cluster.sources.into_iter();
            let sources = sources
                .map(|one| (one.kind.word(), $crate::seen::seen!(one.observation, $now)))
                .collect();
            (cluster.name, sources)
        }))
    };
}

pub(crate) use strip;

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(state: ObservationState, at: &str, reason: &str) -> Seen {
        let moment = |exact: &str| Moment { age: String::new(), exact: exact.to_owned() };
        Seen {
            state,
            source: "kubernetes/x".to_owned(),
            reason: Some(reason.to_owned()),
            since: moment(at),
            at: Some(moment(at)),
        }
    }

    #[test]
    fn a_strip_counts_clusters_and_not_their_sources() {
        let troubled = |name: &str| {
            let sources = [ObservationState::Stale, ObservationState::Unreachable];
            (name.to_owned(), sources.map(|state| ("Kubernetes", seen(state, "2", "x"))).to_vec())
        };
        let live = vec![("Kubernetes", seen(ObservationState::Live, "2", "x"))];
        let strip = Strip::new([troubled("a"), ("b".to_owned(), live)].into_iter());
        assert_eq!(strip.troubled_in_words(), "1 of 2 clusters is");
        assert_eq!(strip.troubled.len(), 2);
        assert!(strip.recorded.is_none());
    }

    #[test]
    fn recordings_tell_the_oldest_moment() {
        let recorded =
            |at| vec![("Kubernetes", seen(ObservationState::Recorded, at, "a snapshot"))];
        let strip = Strip::new(
            [("a".to_owned(), recorded("2")), ("b".to_owned(), recorded("1"))].into_iter(),
        );
        assert_eq!(strip.recorded.as_ref().unwrap().exact, "1");
        assert_eq!(strip.recorded_in_words(), "All 2 clusters are recordings");
        assert!(strip.troubled.is_empty());
    }

    #[test]
    fn kinds_that_lack_for_the_same_reason_stand_together() {
        let list = [
            ("Pod", ObservationState::Forbidden, "no grant"),
            ("Node", ObservationState::Live, ""),
            ("Job", ObservationState::Forbidden, "no grant"),
            ("Event", ObservationState::Stale, "LIMIT"),
        ];
        let found = shortfalls(
            list.into_iter().map(|(kind, state, why)| (kind.to_owned(), seen(state, "1", why))),
        );
        let subjects: Vec<_> = found.iter().map(|one| one.subjects.as_str()).collect();
        assert_eq!(subjects, ["Pod, Job", "Event"]);
    }
}
