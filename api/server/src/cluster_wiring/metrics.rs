//! Who measures each cluster.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use async_trait::async_trait;
use callboard_egress::{EgressClient, EgressPolicy, Reach};
use callboard_model::SystemClock;
use callboard_plugin::{
    AllowList, AllowedTarget, ClusterName, InstantQuery, InstantVector, LabelMatcher, MetricsError,
    MetricsSource,
};
use callboard_plugin_telemetry::{
    MetricsCredentials, PrometheusOptions, PrometheusSource, RecordedMetrics,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;

use crate::config::{ClustersConfig, PrometheusAddress, PrometheusAuth, PrometheusConfig};

/// Makes the sources of metrics; clusters that share a store share its limits.
#[derive(Debug)]
pub(crate) struct MetricsWiring {
    client: Arc<EgressClient>,
    stores: HashMap<String, PrometheusSource>,
}

impl MetricsWiring {
    /// One client for all sources; it reaches the configured addresses and nothing else.
    ///
    /// # Errors
    ///
    /// If outgoing requests cannot be made at all.
    pub(crate) fn new(config: &ClustersConfig) -> anyhow::Result<Self> {
        let addresses = config.clusters.iter().filter_map(|cluster| match &cluster.prometheus {
            Some(Ok(PrometheusConfig::Live(address))) => AllowedTarget::origin_of(&address.url),
            _ => None,
        });
        let allow = AllowList::new(addresses.collect());
        let client = EgressClient::new(EgressPolicy { reach: Reach::Listed, allow })?;
        Ok(Self { client: Arc::new(client), stores: HashMap::new() })
    }

    /// The source of `cluster`. One that cannot be used says why at every question.
    pub(crate) async fn source(
        &mut self,
        cluster: &ClusterName,
        config: &Result<PrometheusConfig, String>,
    ) -> Arc<dyn MetricsSource> {
        let name = source_name(cluster);
        let source = match config {
            Err(reason) => Err(reason.clone()),
            Ok(PrometheusConfig::Snapshot(folder)) => RecordedMetrics::open(&name, folder.clone())
                .await
                .map(|recorded| Arc::new(recorded) as Arc<dyn MetricsSource>)
                .map_err(|error| chain(&error)),
            Ok(PrometheusConfig::Live(address)) => {
                self.live(cluster, address).map(|live| Arc::new(live) as Arc<dyn MetricsSource>)
            }
        };
        source.unwrap_or_else(|reason| {
            tracing::warn!(cluster.name = %cluster, "the metrics of {cluster} cannot be read: {reason}");
            Arc::new(UnusableMetrics { name: name.into(), reason })
        })
    }

    /// A live source.
    ///
    /// # Errors
    ///
    /// In words, if the address or a header cannot be used.
    pub(crate) fn live(
        &mut self,
        cluster: &ClusterName,
        address: &PrometheusAddress,
    ) -> Result<PrometheusSource, String> {
        let name = &source_name(cluster);
        let matchers: Vec<LabelMatcher> = address
            .cluster_label
            .iter()
            .map(|label| LabelMatcher {
                label: label.as_str().into(),
                value: Arc::clone(cluster.shared()),
            })
            .collect();
        // Who is known by another name or token, or is another tenant, is another store.
        let tenant: Vec<(&str, &str)> = address
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose_secret()))
            .collect();
        let store =
            matchers.first().map(|_| format!("{} {:?} {tenant:?}", address.url, address.auth));
        if let Some(known) = store.as_ref().and_then(|store| self.stores.get(store)) {
            return Ok(known.for_cluster(name, matchers));
        }
        let options = PrometheusOptions {
            credentials: credentials(&address.auth),
            headers: headers(address)?,
            ..PrometheusOptions::new(address.url.clone())
        };
        let client = Arc::clone(&self.client);
        let source =
            PrometheusSource::new(client, Arc::new(SystemClock), options, name, matchers.clone())
                .map_err(|error| error.to_string())?;
        if let Some(store) = store {
            self.stores.insert(store, source.for_cluster(name, matchers));
        }
        Ok(source)
    }
}

fn source_name(cluster: &ClusterName) -> String {
    format!("prometheus/{cluster}")
}

fn credentials(auth: &PrometheusAuth) -> Option<MetricsCredentials> {
    match auth {
        PrometheusAuth::None => None,
        PrometheusAuth::BearerFile(file) => Some(MetricsCredentials::BearerFile(file.clone())),
        PrometheusAuth::Basic { username, password } => Some(MetricsCredentials::Basic {
            username: username.clone(),
            password: password.clone(),
        }),
    }
}

fn headers(address: &PrometheusAddress) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &address.headers {
        let wrong = || format!("the header {name} has a name or a value that HTTP cannot carry");
        let name = HeaderName::try_from(name.as_str()).map_err(|_| wrong())?;
        let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// The error with its sources, in one sentence.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// A source that the configuration describes and that cannot be asked.
#[derive(Debug)]
struct UnusableMetrics {
    name: Arc<str>,
    reason: String,
}

#[async_trait]
impl MetricsSource for UnusableMetrics {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn matchers(&self) -> &[LabelMatcher] {
        &[]
    }

    fn recorded_at(&self) -> Option<SystemTime> {
        None
    }

    async fn instant(&self, _: &InstantQuery) -> Result<InstantVector, MetricsError> {
        let (source_name, reason) = (Arc::clone(&self.name), self.reason.clone());
        Err(MetricsError::Unreachable { source_name, reason })
    }
}
