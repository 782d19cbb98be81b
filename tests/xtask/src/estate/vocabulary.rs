//! The words of the estate as people wrote them: one JSON file per domain, one for the organisation.
//!
//! Lists of names are one string with blanks between the names, which keeps a service on a line or
//! two. Everything else that a descriptor shows is derived in [`super::assembly`].

mod running;

pub(crate) use running::{CallerWords, RunningWords, TroubleKind, WorkloadWords};

use anyhow::Context as _;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Everything that is written by hand.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    /// People, clusters and what all domains share.
    pub(crate) organisation: OrganisationWords,
    /// In the order in which the tree of Locations lists them.
    pub(crate) domains: Vec<DomainWords>,
    /// What runs in the clusters, as far as it does not follow from the rest.
    pub(crate) running: RunningWords,
}

/// `organisation.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganisationWords {
    pub(crate) company: GroupWords,
    pub(crate) leaders: Vec<LeaderWords>,
    pub(crate) tribes: Vec<TribeWords>,
    pub(crate) people: Vec<NameWords>,
    pub(crate) clusters: Vec<ClusterWords>,
    pub(crate) resources: Vec<ResourceWords>,
}

/// The company.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupWords {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) about: String,
}

/// A person who belongs to the company as a whole.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeaderWords {
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) role: String,
    pub(crate) city: String,
}

/// A tribe and its squads.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TribeWords {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) about: String,
    pub(crate) city: String,
    pub(crate) squads: Vec<SquadWords>,
}

/// A squad; `city` is the tribe's unless said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SquadWords {
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) about: String,
    pub(crate) city: Option<String>,
    pub(crate) size: usize,
}

/// First and last names that go together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameWords {
    #[serde(deserialize_with = "words")]
    pub(crate) first: Vec<String>,
    #[serde(deserialize_with = "words")]
    pub(crate) last: Vec<String>,
}

/// A Kubernetes cluster.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClusterWords {
    pub(crate) name: String,
    pub(crate) cloud: String,
    pub(crate) region: String,
    pub(crate) environment: String,
    pub(crate) about: String,
    /// The version of its API server.
    pub(crate) kubernetes: String,
    /// The version of its mesh.
    pub(crate) linkerd: String,
    /// The type of its machines.
    pub(crate) machine: String,
    /// The first two bytes of its addresses.
    pub(crate) network: String,
    /// Whether it is linked to other meshes.
    #[serde(default = "yes")]
    pub(crate) linked: bool,
    /// `<plural>.<group>` of what its API server refuses to list.
    #[serde(default, deserialize_with = "words")]
    pub(crate) forbidden: Vec<String>,
}

/// Something that several components need and nobody's repository declares; `on` names clusters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceWords {
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) owner: String,
    #[serde(default, deserialize_with = "words")]
    pub(crate) on: Vec<String>,
    pub(crate) about: String,
}

/// One domain's file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DomainWords {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) owner: String,
    /// Where its components run unless they say otherwise.
    pub(crate) cloud: String,
    pub(crate) about: String,
    #[serde(default)]
    pub(crate) subdomains: Vec<SubdomainWords>,
    /// What its APIs talk about: `name:type` per field, the first one being the key.
    pub(crate) schemas: BTreeMap<String, String>,
    pub(crate) systems: Vec<SystemWords>,
}

/// A domain inside a domain.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubdomainWords {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) owner: String,
    pub(crate) about: String,
}

/// A system; its components inherit owner, language and cloud.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SystemWords {
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) owner: String,
    pub(crate) lang: String,
    pub(crate) cloud: Option<String>,
    pub(crate) about: String,
    pub(crate) components: Vec<ComponentWords>,
}

/// A component.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ComponentWords {
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    #[serde(rename = "type", default = "service")]
    pub(crate) kind: String,
    pub(crate) about: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) lang: Option<String>,
    /// 1 stops the bank, 2 stops a product, 3 can wait until Monday.
    #[serde(default = "tier_two")]
    pub(crate) tier: u8,
    #[serde(default = "production")]
    pub(crate) life: String,
    /// `rest:loan(create,settle),instalment`: protocol, schemas, what can be done to each.
    #[serde(default, deserialize_with = "words")]
    pub(crate) apis: Vec<String>,
    /// `event:schema` of events that this component publishes.
    #[serde(default, deserialize_with = "words")]
    pub(crate) emits: Vec<String>,
    /// `domain.event` of events that this component consumes.
    #[serde(default, deserialize_with = "words")]
    pub(crate) hears: Vec<String>,
    /// Components that it calls and says so.
    #[serde(default, deserialize_with = "words")]
    pub(crate) calls: Vec<String>,
    /// Components that it calls and does not say so.
    #[serde(default, deserialize_with = "words")]
    pub(crate) hidden: Vec<String>,
    /// Components that it says it calls, and does not.
    #[serde(default, deserialize_with = "words")]
    pub(crate) unused: Vec<String>,
    /// `engine:name` of its own databases, caches and buckets.
    #[serde(default, deserialize_with = "words")]
    pub(crate) stores: Vec<String>,
    /// Shared resources.
    #[serde(default, deserialize_with = "words")]
    pub(crate) needs: Vec<String>,
    /// Libraries.
    #[serde(default, deserialize_with = "words")]
    pub(crate) uses: Vec<String>,
    /// Clouds in production, or `all`.
    #[serde(default, deserialize_with = "words")]
    pub(crate) runs: Vec<String>,
    /// The clusters that it runs on, where these are fewer than its clouds have.
    #[serde(default, deserialize_with = "words")]
    pub(crate) only: Vec<String>,
    /// Says that it runs, and runs nowhere.
    #[serde(default)]
    pub(crate) gone: bool,
    /// The component whose repository it lives in and which it is a part of.
    pub(crate) part_of: Option<String>,
    #[serde(default, deserialize_with = "words")]
    pub(crate) tags: Vec<String>,
    /// `dependsOn` targets that do not exist, on purpose.
    #[serde(default, deserialize_with = "words")]
    pub(crate) dangling: Vec<String>,
}

/// The domain files, in the order of the Location tree.
const DOMAINS: &[(&str, &str)] = &[
    ("accounts", include_str!("vocabulary/accounts.json")),
    ("payments", include_str!("vocabulary/payments.json")),
    ("cards", include_str!("vocabulary/cards.json")),
    ("lending", include_str!("vocabulary/lending.json")),
    ("onboarding", include_str!("vocabulary/onboarding.json")),
    ("financial-crime", include_str!("vocabulary/financial-crime.json")),
    ("channels", include_str!("vocabulary/channels.json")),
    ("platform", include_str!("vocabulary/platform.json")),
];

impl Vocabulary {
    /// The vocabulary that is compiled in.
    ///
    /// # Errors
    ///
    /// If a file is not JSON of the shapes above; the text names the file, line and field.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let organisation = serde_json::from_str(include_str!("vocabulary/organisation.json"))
            .context("vocabulary/organisation.json")?;
        let domains = DOMAINS
            .iter()
            .map(|(name, text)| {
                serde_json::from_str(text).with_context(|| format!("vocabulary/{name}.json"))
            })
            .collect::<anyhow::Result<_>>()?;
        let running = serde_json::from_str(include_str!("vocabulary/running.json"))
            .context("vocabulary/running.json")?;
        Ok(Self { organisation, domains, running })
    }
}

fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

fn service() -> String {
    "service".to_owned()
}

fn production() -> String {
    "production".to_owned()
}

const fn tier_two() -> u8 {
    2
}

const fn yes() -> bool {
    true
}
