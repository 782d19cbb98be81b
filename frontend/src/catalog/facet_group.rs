//! A group of filters with their counts.

use std::collections::BTreeMap;

use super::{
    document::Counted,
    url_state::{Dimension, UrlState},
};
use crate::entity_link::short_ref;

/// Values of a group that are shown at most; the most frequent ones win.
const SHOWN: usize = 60;

/// A group of filters.
#[derive(Debug)]
pub(super) struct FacetGroup {
    pub(super) label: &'static str,
    /// The chosen ones first, then by label.
    pub(super) options: Vec<FacetOption>,
    /// How many values are not shown.
    pub(super) unshown: usize,
}

/// One value that can be chosen.
#[derive(Debug)]
pub(super) struct FacetOption {
    pub(super) label: String,
    /// The value as it is, where the label is a shorter form of it.
    pub(super) value: String,
    pub(super) count: i64,
    pub(super) is_chosen: bool,
    pub(super) url: String,
}

impl FacetGroup {
    /// The group of `dimension` with these counts. Values that differ in case alone are one: the
    /// filter does not tell them apart either. A chosen value that nothing has counts 0.
    pub(super) fn new(state: &UrlState, dimension: Dimension, counted: Vec<Counted>) -> Self {
        let mut merged: BTreeMap<String, Counted> = BTreeMap::new();
        for one in counted {
            let key = one.value.to_lowercase();
            let known = merged.entry(key).or_insert(Counted { value: one.value, count: 0 });
            known.count = known.count.saturating_add(one.count);
        }
        for value in state.chosen(dimension) {
            merged.entry(value.to_lowercase()).or_insert(Counted { value, count: 0 });
        }
        let mut options: Vec<_> = merged
            .into_values()
            .map(|one| FacetOption {
                label: label(dimension, &one.value),
                is_chosen: state.is_chosen(dimension, &one.value),
                url: state.url_toggled(dimension, &one.value),
                value: one.value,
                count: one.count,
            })
            .collect();
        options.sort_by_key(|one| (!one.is_chosen, std::cmp::Reverse(one.count)));
        let unshown = options.len().saturating_sub(SHOWN);
        options.truncate(SHOWN);
        options.sort_by_cached_key(|one| (!one.is_chosen, one.label.to_lowercase()));
        Self { label: dimension.label(), options, unshown }
    }
}

/// A value as people read it.
pub(super) fn label(dimension: Dimension, value: &str) -> String {
    match dimension {
        Dimension::Owner => short_ref(value, "group"),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(query: &str, dimension: Dimension, counted: &[(&str, i64)]) -> FacetGroup {
        let counted = counted
            .iter()
            .map(|(value, count)| Counted { value: (*value).to_owned(), count: *count });
        FacetGroup::new(&UrlState::parse(query), dimension, counted.collect())
    }

    fn shown(group: &FacetGroup) -> Vec<(&str, i64, bool)> {
        group.options.iter().map(|one| (one.label.as_str(), one.count, one.is_chosen)).collect()
    }

    #[test]
    fn chosen_values_come_first_and_stay_when_nothing_has_them() {
        let group = group(
            "filters[tags]=zz&filters[tags]=gone",
            Dimension::Tag,
            &[("aa", 3), ("mm", 9), ("zz", 1)],
        );
        assert_eq!(
            shown(&group),
            [("gone", 0, true), ("zz", 1, true), ("aa", 3, false), ("mm", 9, false)]
        );
    }

    #[test]
    fn values_that_differ_in_case_are_one() {
        let group = group("", Dimension::Type, &[("Service", 2), ("service", 5)]);
        assert_eq!(shown(&group), [("Service", 7, false)]);
    }

    #[test]
    fn of_a_long_group_the_most_frequent_are_shown() {
        let values: Vec<_> = (0..100_i64).map(|n| (format!("v{n:03}"), n)).collect();
        let values: Vec<_> = values.iter().map(|(value, n)| (value.as_str(), *n)).collect();
        let group = group("filters[tags]=v001", Dimension::Tag, &values);
        assert_eq!(group.unshown, 40);
        assert_eq!(group.options.len(), SHOWN);
        assert_eq!(group.options[0].label, "v001");
        assert_eq!(group.options[1].label, "v041");
    }

    #[test]
    fn owners_are_shown_short() {
        let group =
            group("", Dimension::Owner, &[("group:default/pay", 1), ("user:default/anna", 1)]);
        assert_eq!(shown(&group), [("pay", 1, false), ("user:anna", 1, false)]);
    }
}
