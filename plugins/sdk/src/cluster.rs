//! A cluster's name and place.

use std::{fmt, str::FromStr, sync::Arc};

/// The name of a cluster as the configuration gives it, such as `aws-prod-1`. Case counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterName(Arc<str>);

impl ClusterName {
    /// A cluster of this name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The shared text.
    pub fn shared(&self) -> &Arc<str> {
        &self.0
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whose machines a cluster runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cloud {
    /// Amazon Web Services.
    Aws,
    /// Microsoft Azure.
    Azure,
    /// Google Cloud.
    Gcp,
    /// Any other, or an own data centre.
    Other,
}

impl Cloud {
    /// The name in the configuration, such as `aws`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Gcp => "gcp",
            Self::Other => "other",
        }
    }

    /// The cloud of a node, by its `spec.providerID` (`aws:///…`, `azure:///…`, `gce://…`).
    pub fn of_provider_id(provider_id: &str) -> Option<Self> {
        let (scheme, _) = provider_id.split_once("://")?;
        Some(match scheme {
            "aws" => Self::Aws,
            "azure" => Self::Azure,
            "gce" => Self::Gcp,
            _ => Self::Other,
        })
    }
}

/// A text that names no cloud.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a cloud: aws, azure, gcp or other")]
pub struct CloudError(pub String);

impl FromStr for Cloud {
    type Err = CloudError;

    fn from_str(text: &str) -> Result<Self, CloudError> {
        let named = |cloud: &Self| cloud.name().eq_ignore_ascii_case(text);
        let all = [Self::Aws, Self::Azure, Self::Gcp, Self::Other];
        all.into_iter().find(named).ok_or_else(|| CloudError(text.to_owned()))
    }
}

/// Where a cluster stands. `None` = neither configured nor told by its nodes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterPlace {
    /// Whose machines.
    pub cloud: Option<Cloud>,
    /// The cloud's region, such as `eu-west-1`.
    pub region: Option<Arc<str>>,
    /// What it is for, such as `production`.
    pub environment: Option<Arc<str>>,
}

impl ClusterPlace {
    /// This place, with what it leaves open filled in from `other`.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            cloud: self.cloud.or(other.cloud),
            region: self.region.clone().or_else(|| other.region.clone()),
            environment: self.environment.clone().or_else(|| other.environment.clone()),
        }
    }
}
