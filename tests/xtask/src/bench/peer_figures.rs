//! The peer, measured once: Backstage 1.55 (catalog-backend 4.0.0) on PostgreSQL 15 and Node 24,
//! two cores, everything under test in one CPU group. Throughput with eight connections.

/// One scenario of the recording.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recorded {
    name: &'static str,
    per_second_at_1k: Option<f64>,
    per_second_at_10k: f64,
    /// CPU milliseconds a request at 10,000 entities, of Node and PostgreSQL.
    pub(crate) cpu_ms: f64,
}

const fn at(name: &'static str, one: f64, ten: f64, cpu_ms: f64) -> Recorded {
    Recorded { name, per_second_at_1k: Some(one), per_second_at_10k: ten, cpu_ms }
}

const fn at_10k(name: &'static str, ten: f64, cpu_ms: f64) -> Recorded {
    Recorded { name, per_second_at_1k: None, per_second_at_10k: ten, cpu_ms }
}

const RECORDED: &[Recorded] = &[
    at("by_name", 1584.0, 1678.0, 0.8),
    at("entities_page100", 414.0, 414.0, 3.4),
    at("entities_kind_page100", 469.0, 160.0, 11.0),
    at("entities_fields_all", 134.0, 13.0, 93.0),
    at("q_first20", 351.0, 113.0, 17.0),
    at("q_first20_nototal", 568.0, 466.0, 3.0),
    at("q_first100", 210.0, 92.0, 20.0),
    at("q_text", 199.0, 96.0, 20.0),
    at("q_text_nofields", 631.0, 171.0, 11.0),
    at("q_owner_rel", 301.0, 339.0, 5.4),
    at("q_tag_and_type", 200.0, 114.0, 17.0),
    at("q_or_3", 58.0, 7.2, 297.0),
    at("q_predicate", 124.0, 66.0, 29.0),
    at("by_refs_100", 458.0, 512.0, 2.8),
    at("by_refs_100_fields", 302.0, 364.0, 3.8),
    at("facet_type", 1307.0, 714.0, 2.3),
    at("facet_owner", 567.0, 137.0, 14.0),
    at("facet_tags", 558.0, 99.0, 19.0),
    at("facet_3", 487.0, 72.0, 27.0),
    at("ancestry", 680.0, 634.0, 2.4),
    at_10k("q_cursor_page2", 496.0, 3.2),
    at_10k("q_cursor_mid", 466.0, 3.5),
    at_10k("q_cursor_deep", 364.0, 4.7),
    at_10k("q_first20+gz", 96.0, 20.0),
    at_10k("entities_page100+gz", 126.0, 11.0),
    at_10k("by_refs_100+gz", 117.0, 11.0),
    at_10k("facet_3+gz", 43.0, 45.0),
    at_10k("q_offset_deep", 64.0, 31.0),
];

impl Recorded {
    /// The recording of that scenario, if there is one.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        RECORDED.iter().find(|recorded| recorded.name == name)
    }

    /// Requests a second at the recorded size next to `factor` × 1,000 entities.
    pub(crate) fn per_second(&self, factor: u32) -> f64 {
        let small = self.per_second_at_1k.filter(|_| factor < 10);
        small.unwrap_or(self.per_second_at_10k)
    }
}
