//! Why there are no calls.

use callboard_plugin::{InstantVector, LabelMatcher};

/// What an operator has to do if nothing tells who calls, in words; `None` if the mesh is there
/// and only quiet. Reads the answer of [`crate::Question::Presence`].
pub(crate) fn absence(answer: &InstantVector, matchers: &[LabelMatcher]) -> Option<String> {
    let count = |part: &str| {
        let is_part = |found: &str| found == part;
        let sample = answer
            .samples
            .iter()
            .find(|sample| sample.label("part").is_some_and(|found| is_part(found)));
        sample.map_or(0.0, |sample| sample.value)
    };
    let (up, series, ownerless) = (count("up"), count("series"), count("ownerless"));
    if series > ownerless {
        return None;
    }
    if series > 0.0 {
        return Some(RELABELLING.to_owned());
    }
    let with = with(matchers);
    Some(if up > 0.0 {
        format!(
            "there are no series of Linkerd's proxies{with}: their port linkerd-admin has to be \
             scraped, path /metrics"
        )
    } else {
        format!("nothing is scraped{with}, or this has not begun yet")
    })
}

/// The proxies' series are there, but not the labels that say whose they are.
pub(crate) const RELABELLING: &str = "the series of Linkerd's proxies do not say whose they are: their labels deployment, \
     statefulset … come from the relabelling that linkerd-viz configures (labelmap of \
     linkerd.io/proxy-*), which is missing";

fn with(matchers: &[LabelMatcher]) -> String {
    if matchers.is_empty() {
        return String::new();
    }
    let all: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    format!(" with {}", all.join(","))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::edge::tests::sample;

    fn reason(counts: &[(&str, f64)], matchers: &[LabelMatcher]) -> Option<String> {
        let one = |(part, count): &(&str, f64)| sample(&format!("part={part}"), *count);
        let answer = InstantVector {
            samples: counts.iter().map(one).collect(),
            evaluated_at: SystemTime::UNIX_EPOCH,
            warnings: Vec::new(),
            dropped_series: 0,
        };
        absence(&answer, matchers)
    }

    #[test]
    fn a_quiet_mesh_is_there() {
        assert_eq!(reason(&[("up", 3.0), ("series", 100.0)], &[]), None);
        assert_eq!(reason(&[("up", 3.0), ("series", 100.0), ("ownerless", 40.0)], &[]), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let relabelling = reason(&[("up", 3.0), ("series", 9.0), ("ownerless", 9.0)], &[]);
        assert_eq!(relabelling.as_deref(), Some(RELABELLING));
        let proxies = reason(&[("up", 3.0)], &[]).unwrap();
        assert!(proxies.contains("no series of Linkerd's proxies: their port"), "{proxies}");
        let matchers = [LabelMatcher { label: "cluster".into(), value: "a".into() }];
        let nothing = reason(&[], &matchers).unwrap();
        assert!(nothing.starts_with("nothing is scraped with cluster=\"a\""), "{nothing}");
    }
}
