//! What works with a configured cluster, with which grants, and what is missing.

use std::sync::Arc;

use callboard_model::Clock;
use callboard_plugin::{ClusterName, MissingGrant, ObservationState, RuntimeSource};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    bounded::Few,
    client::{ApiClient, PageOf},
    config::{ClusterConfig, Connection},
    connect::connect,
    discovery,
    failure::Failure,
    kinds::{KindRow, TABLE},
    plan::{Decision, missing_grants, plan},
    recorded,
    runtime::ClusterState,
};

/// A cluster, tried once.
#[derive(Debug, Clone)]
pub struct ClusterAccess {
    /// The cluster.
    pub cluster: ClusterName,
    /// Kubernetes' version.
    pub version: Option<Arc<str>>,
    /// Why there is no usable answer at all.
    pub failure: Option<String>,
    /// One for each kind of the table, in its order; empty if there is no usable answer.
    pub kinds: Vec<KindAccess>,
}

/// A kind, tried once.
#[derive(Debug, Clone)]
pub struct KindAccess {
    /// Kubernetes' name.
    pub kind: Arc<str>,
    /// The group and version that would be read.
    pub api_version: Arc<str>,
    /// `LIVE` = it was read; `RECORDED` = it is in the snapshot.
    pub state: ObservationState,
    /// Why it is not.
    pub reason: Option<Arc<str>>,
    /// What is missing to watch it.
    pub missing_grants: Vec<MissingGrant>,
    /// How many objects there are, where the server tells without being asked for all.
    pub objects: Option<u64>,
}

impl ClusterAccess {
    /// Whether everything that the cluster serves can be read.
    pub fn is_complete(&self) -> bool {
        use ObservationState::{Absent, Live, Recorded};
        let works = |kind: &KindAccess| matches!(kind.state, Live | Recorded | Absent);
        self.failure.is_none() && self.kinds.iter().all(works)
    }
}

/// Tries a cluster once: connection, discovery, grants, and one object of each kind.
pub async fn check_access(config: &ClusterConfig, clock: &dyn Clock) -> ClusterAccess {
    let tried = match &config.connection {
        Connection::Snapshot(folder) => {
            let mut state = ClusterState::new(config, clock.now());
            recorded::load(&mut state, folder.clone(), config.budget, clock.now())
                .await
                .map(|()| of_recording(&state))
        }
        _ => of_server(config).await,
    };
    tried.unwrap_or_else(|failure| ClusterAccess {
        cluster: config.name.clone(),
        version: None,
        failure: Some(failure.to_string()),
        kinds: Vec::new(),
    })
}

fn of_recording(state: &ClusterState) -> ClusterAccess {
    let snapshot = state.runtime().snapshot();
    let kind = |resource: &callboard_plugin::ResourceState| KindAccess {
        kind: Arc::clone(&resource.kind),
        api_version: Arc::clone(&resource.api_version),
        state: resource.observation.state,
        reason: resource.observation.reason.clone(),
        missing_grants: Vec::new(),
        objects: resource.count,
    };
    ClusterAccess {
        cluster: snapshot.cluster.clone(),
        version: snapshot.version.clone(),
        failure: None,
        kinds: snapshot.resources.iter().map(kind).collect(),
    }
}

async fn of_server(config: &ClusterConfig) -> Result<ClusterAccess, Failure> {
    let client = connect(config).await?;
    let version = discovery::version(&client).await?;
    let all: Vec<_> = TABLE.iter().map(|row| row.kind).collect();
    let plan = plan(&client, &all).await?;
    let mut kinds = Vec::new();
    for (row, (_, decision)) in TABLE.iter().zip(plan) {
        kinds.push(kind_access(&client, row, decision).await);
    }
    let cluster = config.name.clone();
    Ok(ClusterAccess { cluster, version: Some(version.into()), failure: None, kinds })
}

async fn kind_access(client: &ApiClient, row: &KindRow, decision: Decision) -> KindAccess {
    let access = |version: &str, state, reason: Option<String>| KindAccess {
        kind: row.name.into(),
        api_version: row.api_version(version).into(),
        state,
        reason: reason.map(Into::into),
        missing_grants: Vec::new(),
        objects: None,
    };
    let usual = row.usual_version();
    match decision {
        Decision::Watch(version) => match count(client, row, &version).await {
            Ok(objects) => KindAccess { objects, ..access(&version, ObservationState::Live, None) },
            Err(failure) => {
                let reason = Some(failure.to_string());
                let missing_grants = match &failure {
                    Failure::Forbidden(_) => missing_grants(row, &["list"]),
                    _ => Vec::new(),
                };
                let access = access(&version, failure.state(false), reason);
                KindAccess { missing_grants, ..access }
            }
        },
        Decision::Refused { version, verbs } => KindAccess {
            missing_grants: missing_grants(row, &verbs),
            ..access(&version, ObservationState::Forbidden, None)
        },
        Decision::Absent => {
            let reason = format!("the cluster does not serve {}", row.file_stem());
            access(usual, ObservationState::Absent, Some(reason))
        }
        Decision::Untold(failure) => access(usual, failure.state(false), Some(failure.to_string())),
    }
}

#[derive(Deserialize)]
struct Counted {
    metadata: CountedMetadata,
    /// `null` where there is none, in some forms.
    items: Few<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CountedMetadata {
    #[serde(rename = "continue")]
    continue_token: Option<String>,
    remaining_item_count: Option<u64>,
}

/// How many objects there are; `None` = at least one, and the server does not count the rest.
async fn count(client: &ApiClient, row: &KindRow, version: &str) -> Result<Option<u64>, Failure> {
    let page = client.page(row, version, PageOf { limit: 1, token: None }).await?;
    let Counted { metadata, items } = discovery::parsed(&page)?;
    let there = u64::try_from(items.0.len()).unwrap_or(u64::MAX);
    let has_more = metadata.continue_token.is_some_and(|token| !token.is_empty());
    Ok(match metadata.remaining_item_count {
        Some(remaining) => Some(there + remaining),
        None => (!has_more).then_some(there),
    })
}
