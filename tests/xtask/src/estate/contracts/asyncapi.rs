//! `AsyncAPI` 2 contracts of events on Kafka.

use super::json_schema;
use crate::estate::model::{Api, Subject};
use crate::estate::yaml::Yaml;
use crate::estate::{contracts, names};

/// A document with one channel per event.
pub(super) fn definition(api: &Api) -> String {
    let info = Yaml::map()
        .with("title", &api.title)
        .with("version", &api.version)
        .with("description", contracts::summary(api));
    let server =
        Yaml::map().with("url", "kafka.vinterhavn.example:9093").with("protocol", "kafka-secure");
    let channels = api.subjects.iter().fold(Yaml::map(), with_channel);
    Yaml::map()
        .with("asyncapi", "2.6.0")
        .with("info", info)
        .with("servers", Yaml::map().with("production", server))
        .with("channels", channels)
        .with("components", Yaml::map().with("schemas", json_schema::components(api)))
        .document()
}

fn with_channel(channels: Yaml, subject: &Subject) -> Yaml {
    let Some(topic) = &subject.topic else { return channels };
    let event = topic.split('.').next_back().unwrap_or_default();
    let message = Yaml::map()
        .with("name", names::pascal(event))
        .with("contentType", "application/json")
        .with("payload", json_schema::reference(&subject.schema.name));
    let subscribe = Yaml::map()
        .with("operationId", format!("on{}", names::pascal(event)))
        .with("message", message);
    channels.with(topic, Yaml::map().with("subscribe", subscribe))
}
