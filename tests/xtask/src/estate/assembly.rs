//! From words to the model: everything that follows from what people wrote.

use super::model::{
    Api, Call, Cluster, Component, Declaration, Domain, Estate, Protocol, Resource, Schema,
    Subject, System,
};
use super::random::Random;
use super::vocabulary::{ComponentWords, DomainWords, OrganisationWords, SystemWords, Vocabulary};
use super::{claims, names, people, placement, schemas, stores};
use anyhow::Context as _;
use std::collections::BTreeMap;

/// The estate that `vocabulary` describes.
///
/// # Errors
///
/// If a component names a schema, engine, event or component that nobody declares.
pub(crate) fn assemble(vocabulary: &Vocabulary) -> anyhow::Result<Estate> {
    let words = &vocabulary.organisation;
    let (groups, people) = people::organisation(words);
    let mut estate = Estate {
        groups,
        people,
        clusters: clusters(words),
        resources: shared(words),
        ..Estate::default()
    };
    for domain in &vocabulary.domains {
        add_domains(&mut estate, domain);
        let schemas = schemas::schemas(&domain.schemas);
        for system in &domain.systems {
            add_system(&mut estate, domain, system);
            for component in &system.components {
                let place = Place { domain, system, schemas: &schemas };
                place
                    .add(&mut estate, component)
                    .with_context(|| format!("{} in {}", component.name, domain.name))?;
            }
        }
    }
    for domain in &vocabulary.domains {
        let components = domain.systems.iter().flat_map(|system| &system.components);
        for words in components {
            connect(&mut estate, words).with_context(|| format!("calls of {}", words.name))?;
        }
    }
    Ok(estate)
}

fn clusters(words: &OrganisationWords) -> Vec<Cluster> {
    let cluster = words.clusters.iter().map(|cluster| Cluster {
        name: cluster.name.clone(),
        cloud: cluster.cloud.clone(),
        region: cluster.region.clone(),
        environment: cluster.environment.clone(),
        about: cluster.about.clone(),
        kubernetes: cluster.kubernetes.clone(),
        linkerd: cluster.linkerd.clone(),
        machine: cluster.machine.clone(),
        network: cluster.network.clone(),
        linked: cluster.linked,
        forbidden: cluster.forbidden.clone(),
    });
    cluster.collect()
}

fn shared(words: &OrganisationWords) -> Vec<Resource> {
    let resource = words.resources.iter().map(|resource| Resource {
        name: resource.name.clone(),
        title: Some(resource.title.clone().unwrap_or_else(|| names::title(&resource.name))),
        kind: resource.kind.clone(),
        about: resource.about.clone(),
        owner: resource.owner.clone(),
        system: None,
        declared_by: None,
        labels: Vec::new(),
        depends_on: resource.on.iter().map(|cluster| resource_ref(cluster)).collect(),
    });
    resource.collect()
}

fn add_domains(estate: &mut Estate, words: &DomainWords) {
    estate.domains.push(Domain {
        name: words.name.clone(),
        title: words.title.clone(),
        owner: words.owner.clone(),
        parent: None,
        folder: words.name.clone(),
        about: words.about.clone(),
    });
    estate.domains.extend(words.subdomains.iter().map(|inner| Domain {
        name: inner.name.clone(),
        title: inner.title.clone(),
        owner: inner.owner.clone(),
        parent: Some(words.name.clone()),
        folder: words.name.clone(),
        about: inner.about.clone(),
    }));
}

fn add_system(estate: &mut Estate, domain: &DomainWords, words: &SystemWords) {
    estate.systems.push(System {
        name: words.name.clone(),
        title: words.title.clone().unwrap_or_else(|| names::title(&words.name)),
        owner: words.owner.clone(),
        domain: words.domain.clone().unwrap_or_else(|| domain.name.clone()),
        folder: domain.name.clone(),
        about: words.about.clone(),
    });
}

/// Where in the bank a component stands.
struct Place<'a> {
    domain: &'a DomainWords,
    system: &'a SystemWords,
    schemas: &'a BTreeMap<&'a str, Schema>,
}

impl Place<'_> {
    fn add(&self, estate: &mut Estate, words: &ComponentWords) -> anyhow::Result<()> {
        let clouds = self.clouds(words);
        let mut component = self.component(words);
        if !words.gone {
            component.placements =
                placement::placements(&component, &clouds, &words.only, &estate.clusters);
        }
        let apis = self.apis(&component, words)?;
        component.provides = apis.iter().map(|api| api.name.clone()).collect();
        let mut resources = self.stores(&component, words, &clouds)?;
        resources.extend(self.topics(&component, words, &clouds));
        component.depends_on.extend(words.uses.iter().map(|library| component_ref(library)));
        component.depends_on.extend(resources.iter().map(|one| resource_ref(&one.name)));
        component.depends_on.extend(words.needs.iter().map(|need| resource_ref(need)));
        component.depends_on.extend(words.dangling.iter().cloned());
        estate.apis.extend(apis);
        estate.resources.extend(resources);
        estate.components.push(component);
        Ok(())
    }

    fn clouds(&self, words: &ComponentWords) -> Vec<String> {
        if words.runs.is_empty() {
            vec![self.system.cloud.as_ref().unwrap_or(&self.domain.cloud).clone()]
        } else {
            words.runs.clone()
        }
    }

    fn component(&self, words: &ComponentWords) -> Component {
        let language = words.lang.as_ref().unwrap_or(&self.system.lang);
        Component {
            name: words.name.clone(),
            title: words.title.clone().unwrap_or_else(|| names::title(&words.name)),
            kind: words.kind.clone(),
            lifecycle: words.life.clone(),
            tier: words.tier,
            language: language.clone(),
            owner: words.owner.as_ref().unwrap_or(&self.system.owner).clone(),
            system: self.system.name.clone(),
            folder: self.domain.name.clone(),
            repository: words.part_of.as_ref().unwrap_or(&words.name).clone(),
            part_of: words.part_of.clone(),
            about: words.about.clone(),
            tags: words.tags.clone(),
            version: version(words),
            provides: Vec::new(),
            consumes: Vec::new(),
            depends_on: Vec::new(),
            dangling: words.dangling.clone(),
            namespace: self.system.name.clone(),
            workload: claims::workload(&words.name, &self.system.name),
            claim: claims::claim(words, self.system),
            placements: Vec::new(),
        }
    }

    fn apis(&self, component: &Component, words: &ComponentWords) -> anyhow::Result<Vec<Api>> {
        let mut apis = Vec::new();
        for text in &words.apis {
            let offer = schemas::offer(text)?;
            let mut subjects = Vec::new();
            for (name, actions) in offer.subjects {
                subjects.push(Subject {
                    schema: self.schema(name)?,
                    actions: actions.into_iter().map(str::to_owned).collect(),
                    topic: None,
                });
            }
            apis.push(api(component, offer.protocol, subjects));
        }
        let mut events = Vec::new();
        for text in &words.emits {
            let (event, schema) = text.split_once(':').context("an event needs a schema")?;
            events.push(Subject {
                schema: self.schema(schema)?,
                actions: Vec::new(),
                topic: Some(format!("{}.{event}", self.domain.name)),
            });
        }
        if !events.is_empty() {
            apis.push(api(component, Protocol::Events, events));
        }
        Ok(apis)
    }

    fn schema(&self, name: &str) -> anyhow::Result<Schema> {
        self.schemas.get(name).cloned().with_context(|| format!("no schema {name}"))
    }

    fn stores(
        &self,
        component: &Component,
        words: &ComponentWords,
        clouds: &[String],
    ) -> anyhow::Result<Vec<Resource>> {
        let home = clouds.first().map_or("aws", String::as_str);
        let mut resources = Vec::new();
        for text in &words.stores {
            let (engine, name) = text.split_once(':').context("a store needs an engine")?;
            let found = stores::engine(engine, home).with_context(|| format!("no {engine}"))?;
            let about = format!("{} of {}.", found.product, component.title);
            let labels = [("cloud", found.cloud), ("engine", engine)];
            resources.push(self.resource(component, name, found.kind, about, &labels));
        }
        Ok(resources)
    }

    fn topics(
        &self,
        component: &Component,
        words: &ComponentWords,
        clouds: &[String],
    ) -> Vec<Resource> {
        let home = clouds.first().map_or("aws", String::as_str);
        let kafka = format!("kafka-{}", if home == "all" { "aws" } else { home });
        let topic = |text: &String| {
            let event = text.split(':').next().unwrap_or_default();
            let name = format!("{}.{event}", self.domain.name);
            let mut random = Random::of(&name);
            let partitions = (6 << random.below(4)).to_string();
            let about = format!("Events of {}, kept for fourteen days.", component.title);
            let labels =
                [("cloud", kafka.trim_start_matches("kafka-")), ("partitions", &partitions)];
            let mut topic = self.resource(component, &name, "kafka-topic", about, &labels);
            topic.depends_on.push(resource_ref(&kafka));
            topic
        };
        words.emits.iter().map(topic).collect()
    }

    fn resource(
        &self,
        component: &Component,
        name: &str,
        kind: &str,
        about: String,
        labels: &[(&str, &str)],
    ) -> Resource {
        Resource {
            name: name.to_owned(),
            title: None,
            kind: kind.to_owned(),
            about,
            owner: component.owner.clone(),
            system: Some(self.system.name.clone()),
            declared_by: Some(component.name.clone()),
            labels: labels
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            depends_on: Vec::new(),
        }
    }
}

fn version(words: &ComponentWords) -> String {
    let mut random = Random::of(&format!("version/{}", words.name));
    let major = if words.life == "experimental" { 0 } else { 1 + random.below(5) };
    format!("{major}.{}.{}", random.below(40), random.below(10))
}

fn api(component: &Component, protocol: Protocol, subjects: Vec<Subject>) -> Api {
    let stem = component.name.strip_suffix("-api").unwrap_or(&component.name);
    let title = component.title.strip_suffix(" API").unwrap_or(&component.title);
    let (suffix, word) = match protocol {
        Protocol::Rest => ("api", "API"),
        Protocol::Grpc => ("grpc", "gRPC"),
        Protocol::GraphQl => ("graph", "GraphQL"),
        Protocol::Events => ("events", "events"),
    };
    Api {
        name: format!("{stem}-{suffix}"),
        title: format!("{title} {word}"),
        protocol,
        lifecycle: component.lifecycle.clone(),
        owner: component.owner.clone(),
        system: component.system.clone(),
        folder: component.folder.clone(),
        provider: component.name.clone(),
        version: component.version.clone(),
        subjects,
    }
}

/// Adds the calls of one component, and to its descriptor what it says of them.
fn connect(estate: &mut Estate, words: &ComponentWords) -> anyhow::Result<()> {
    let mut consumes = Vec::new();
    let mut depends_on = Vec::new();
    let mut calls = Vec::new();
    let caller = component(estate, &words.name)?;
    let declared = words.calls.iter().map(|to| (to, Declaration::Declared));
    let hidden = words.hidden.iter().map(|to| (to, Declaration::Hidden));
    let unused = words.unused.iter().map(|to| (to, Declaration::Unused));
    for (to, declaration) in declared.chain(hidden).chain(unused) {
        component(estate, to)?;
        let used = preferred_api(estate, caller, to);
        if declaration != Declaration::Hidden {
            match used {
                Some(api) => consumes.push(api.name.clone()),
                None => depends_on.push(component_ref(to)),
            }
        }
        let protocol = used.map(|api| api.protocol);
        calls.push(Call { from: words.name.clone(), to: to.clone(), protocol, declaration });
    }
    for topic in &words.hears {
        let api = publisher(estate, topic)?;
        calls.push(Call {
            from: words.name.clone(),
            to: api.provider.clone(),
            protocol: Some(Protocol::Events),
            declaration: Declaration::Declared,
        });
        if !consumes.contains(&api.name) {
            consumes.push(api.name.clone());
        }
        depends_on.push(resource_ref(topic));
    }
    estate.calls.extend(calls);
    let found = estate.components.iter_mut().find(|component| component.name == words.name);
    if let Some(component) = found {
        component.consumes = consumes;
        component.depends_on.extend(depends_on);
    }
    Ok(())
}

fn component<'a>(estate: &'a Estate, name: &str) -> anyhow::Result<&'a Component> {
    let found = estate.components.iter().find(|component| component.name == name);
    found.with_context(|| format!("no component {name}"))
}

/// The API of `callee` that `caller` would use: front ends GraphQL, services gRPC.
fn preferred_api<'a>(estate: &'a Estate, caller: &Component, callee: &str) -> Option<&'a Api> {
    let order = if caller.is_front_end() {
        [Protocol::GraphQl, Protocol::Rest, Protocol::Grpc]
    } else {
        [Protocol::Grpc, Protocol::Rest, Protocol::GraphQl]
    };
    let rank = |api: &Api| order.iter().position(|protocol| *protocol == api.protocol);
    let apis = estate.apis.iter().filter(|api| api.provider == callee);
    apis.filter(|api| rank(api).is_some()).min_by_key(|api| rank(api))
}

fn publisher<'a>(estate: &'a Estate, topic: &str) -> anyhow::Result<&'a Api> {
    let publishes =
        |api: &&Api| api.subjects.iter().any(|subject| subject.topic.as_deref() == Some(topic));
    estate.apis.iter().find(publishes).with_context(|| format!("nobody publishes {topic}"))
}

fn resource_ref(name: &str) -> String {
    format!("resource:default/{name}")
}

fn component_ref(name: &str) -> String {
    format!("component:default/{name}")
}
