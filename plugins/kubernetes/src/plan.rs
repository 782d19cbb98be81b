//! What to watch: decided by discovery and by what is granted.

use callboard_plugin::MissingGrant;
use futures_util::future::join_all;

use crate::{
    client::ApiClient,
    discovery::{Served, discover},
    failure::Failure,
    grants::missing_verbs,
    kinds::{Kind, KindRow, TABLE},
};

/// What to do with one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// List and watch it in this version.
    Watch(String),
    /// The cluster does not grant us these verbs.
    Refused { version: String, verbs: Vec<&'static str> },
    /// The cluster does not have it.
    Absent,
    /// Nobody can say.
    Untold(Failure),
}

/// What to do, kind by kind, in the order of the table.
pub(crate) type Plan = Vec<(Kind, Decision)>;

/// Decides for these kinds.
///
/// # Errors
///
/// [`Failure`] if the server does not answer.
pub(crate) async fn plan(client: &ApiClient, kinds: &[Kind]) -> Result<Plan, Failure> {
    let served = discover(client).await?;
    let rows = TABLE.iter().filter(|row| kinds.contains(&row.kind));
    let decisions = rows.map(|row| {
        let served = served.get(&row.kind).cloned().unwrap_or(Served::Absent);
        async move { (row.kind, decide(client, row, served).await) }
    });
    Ok(join_all(decisions).await)
}

async fn decide(client: &ApiClient, row: &KindRow, served: Served) -> Decision {
    let Some(version) = served.version(row) else {
        return match served {
            Served::Untold(failure) => Decision::Untold(failure),
            Served::Absent | Served::As(_) => Decision::Absent,
        };
    };
    // A server that does not review grants is asked for the objects themselves.
    let verbs = missing_verbs(client, row).await.unwrap_or_default();
    if verbs.is_empty() {
        return Decision::Watch(version);
    }
    Decision::Refused { version, verbs }
}

/// The grants that a refusal names.
pub(crate) fn missing_grants(row: &KindRow, verbs: &[&str]) -> Vec<MissingGrant> {
    let grant = |verb: &&str| MissingGrant {
        group: row.group.into(),
        resource: row.plural.into(),
        verb: (*verb).into(),
    };
    verbs.iter().map(grant).collect()
}
