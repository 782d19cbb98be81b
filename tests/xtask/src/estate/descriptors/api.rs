//! APIs.

use super::{entity, link};
use crate::estate::contracts;
use crate::estate::model::{Api, Protocol};
use crate::estate::yaml::Yaml;

/// The descriptor of `api` with its contract inline.
///
/// `$text` would be shorter, but Backstage does not read placeholders relative to a file on disk.
pub(super) fn descriptor(api: &Api) -> Yaml {
    let visibility = if api.protocol == Protocol::Grpc { "internal" } else { "documented" };
    let mut metadata = Yaml::map()
        .with("name", &api.name)
        .with("title", &api.title)
        .with("description", contracts::summary(api))
        .with("tags", vec![visibility, api.protocol.word()]);
    if api.protocol == Protocol::Rest {
        let url = format!("https://developer.vinterhavn.example/apis/{}", api.name);
        metadata = metadata.with("links", Yaml::List(vec![link(url, "Reference", "docs")]));
    }
    let spec = Yaml::map()
        .with("type", api.protocol.word())
        .with("lifecycle", &api.lifecycle)
        .with("owner", &api.owner)
        .with("system", &api.system)
        .with("definition", Yaml::Literal(contracts::definition(api)));
    entity("API", metadata, spec)
}
