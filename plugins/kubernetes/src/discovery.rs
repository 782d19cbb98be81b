//! What an API server serves of what we want to watch.

use std::collections::HashMap;

use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    bounded::Few,
    client::ApiClient,
    failure::{Failure, shortened},
    kinds::{Kind, KindRow, TABLE, Versions},
};

/// Whether and how a kind is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Served {
    /// In this version.
    As(String),
    /// Discovery succeeded without it.
    Absent,
    /// Discovery did not tell: the kind is asked for in its usual version, if it has one.
    Untold(Failure),
}

#[derive(Debug, Deserialize)]
struct GroupList {
    groups: Few<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    name: String,
    #[serde(default)]
    versions: Few<GroupVersion>,
}

#[derive(Debug, Deserialize)]
struct GroupVersion {
    version: String,
}

#[derive(Debug, Deserialize)]
struct ResourceList {
    resources: Few<Resource>,
}

#[derive(Debug, Deserialize)]
struct Resource {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
}

/// Kubernetes' version, such as `v1.36.2`.
///
/// # Errors
///
/// [`Failure`] of `GET /version`.
pub(crate) async fn version(client: &ApiClient) -> Result<String, Failure> {
    let version: Version = ask(client, "/version").await?;
    Ok(shortened(&version.git_version))
}

/// How every kind of the table is served.
///
/// # Errors
///
/// [`Failure`] if the server does not answer; what it refuses is [`Served::Untold`].
pub(crate) async fn discover(client: &ApiClient) -> Result<HashMap<Kind, Served>, Failure> {
    let groups = match ask::<GroupList>(client, "/apis").await {
        Ok(groups) => groups,
        Err(failure @ (Failure::Forbidden(_) | Failure::NotFound)) => {
            let untold = |row: &KindRow| (row.kind, Served::Untold(failure.clone()));
            return Ok(TABLE.iter().map(untold).collect());
        }
        Err(failure) => return Err(failure),
    };
    let mut resources = Resources { client, known: HashMap::new() };
    let mut served = HashMap::new();
    for row in &TABLE {
        served.insert(row.kind, resources.served(row, &groups).await?);
    }
    Ok(served)
}

/// The resources of group versions, each asked for once.
struct Resources<'a> {
    client: &'a ApiClient,
    known: HashMap<String, Result<Vec<String>, Failure>>,
}

impl Resources<'_> {
    async fn served(&mut self, row: &KindRow, groups: &GroupList) -> Result<Served, Failure> {
        let group = groups.groups.0.iter().find(|group| group.name == row.group);
        let versions: Vec<&str> = if row.group.is_empty() {
            vec!["v1"]
        } else {
            let versions = group.into_iter().flat_map(|group| &group.versions.0);
            row.versions.choose(versions.map(|version| version.version.as_str()))
        };
        let mut untold = None;
        for version in versions {
            let path = if row.group.is_empty() {
                format!("/api/{version}")
            } else {
                format!("/apis/{}/{version}", row.group)
            };
            match self.of(&path).await {
                Ok(names) if names.iter().any(|name| name == row.plural) => {
                    return Ok(Served::As(version.to_owned()));
                }
                Ok(_) | Err(Failure::NotFound) => {}
                Err(failure @ Failure::Unreachable(_)) => return Err(failure),
                Err(failure) => untold = Some(failure),
            }
        }
        Ok(untold.map_or(Served::Absent, Served::Untold))
    }

    async fn of(&mut self, path: &str) -> Result<Vec<String>, Failure> {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let list = ask::<ResourceList>(self.client, path).await;
        let names = list.map(|list| list.resources.0.into_iter().map(|one| one.name).collect());
        self.known.insert(path.to_owned(), names.clone());
        names
    }
}

/// A small answer, as JSON.
pub(crate) async fn ask<T: DeserializeOwned>(client: &ApiClient, path: &str) -> Result<T, Failure> {
    let body = client.get(path).await?;
    parsed(&body)
}

/// A small answer, as JSON.
pub(crate) fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure::Garbage(shortened(&error.to_string())))
}

impl Served {
    /// The version to ask for; `None` = there is nothing to ask for.
    pub(crate) fn version(&self, row: &KindRow) -> Option<String> {
        match (self, row.versions) {
            (Self::As(version), _) => Some(version.clone()),
            (Self::Untold(_), Versions::Only(version)) => Some(version.to_owned()),
            (Self::Untold(_), Versions::Newest) | (Self::Absent, _) => None,
        }
    }
}
