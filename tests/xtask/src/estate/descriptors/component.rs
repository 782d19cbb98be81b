//! Domains, systems and components.

use super::{Descriptors, entity, link};
use crate::estate::model::{Claim, Component, Domain, Estate, System};
use crate::estate::random::Random;
use crate::estate::yaml::Yaml;

/// Adds `<domain>/domain.yaml` and `<domain>/systems.yaml`.
pub(super) fn add_systems(all: &mut Descriptors, estate: &Estate) {
    for one in &estate.domains {
        all.put(&format!("{}/domain.yaml", one.folder), domain(one));
    }
    for one in &estate.systems {
        all.put(&format!("{}/systems.yaml", one.folder), system(one));
    }
}

fn domain(domain: &Domain) -> Yaml {
    let handbook = format!("https://handbook.vinterhavn.example/domains/{}", domain.name);
    let metadata = Yaml::map()
        .with("name", &domain.name)
        .with("title", &domain.title)
        .with("description", &domain.about)
        .with("links", Yaml::List(vec![link(handbook, "Handbook", "docs")]));
    let parent = domain.parent.as_deref().unwrap_or_default();
    let spec = Yaml::map().with("owner", &domain.owner).with_any("subdomainOf", parent);
    entity("Domain", metadata, spec)
}

fn system(system: &System) -> Yaml {
    let metadata = Yaml::map()
        .with("name", &system.name)
        .with("title", &system.title)
        .with("description", &system.about);
    entity(
        "System",
        metadata,
        Yaml::map().with("owner", &system.owner).with("domain", &system.domain),
    )
}

/// The descriptor of `component` alone, without its APIs and resources.
pub(super) fn descriptor(component: &Component) -> Yaml {
    let metadata = Yaml::map()
        .with("name", &component.name)
        .with("title", &component.title)
        .with_any("description", component.about.as_deref().unwrap_or_default())
        .with("labels", labels(component))
        .with("annotations", annotations(component))
        .with("tags", tags(component))
        .with_any("links", links(component));
    let spec = Yaml::map()
        .with("type", &component.kind)
        .with("lifecycle", &component.lifecycle)
        .with("owner", &component.owner)
        .with("system", &component.system)
        .with_any("subcomponentOf", component.part_of.as_deref().unwrap_or_default())
        .with_any("providesApis", component.provides.clone())
        .with_any("consumesApis", component.consumes.clone())
        .with_any("dependsOn", component.depends_on.clone());
    entity("Component", metadata, spec)
}

fn tags(component: &Component) -> Vec<String> {
    let mut tags = vec![component.language.clone()];
    tags.extend(component.tags.iter().cloned());
    tags.push(format!("tier-{}", component.tier));
    tags
}

fn labels(component: &Component) -> Yaml {
    let mut random = Random::of(&format!("cost/{}", component.owner));
    let has = |tag: &str| component.tags.iter().any(|own| own == tag);
    let data = match () {
        () if has("pci-dss") => "cardholder",
        () if has("gdpr") => "personal",
        () => "",
    };
    Yaml::map()
        .with("vinterhavn.example/tier", component.tier.to_string())
        .with_any("vinterhavn.example/data-class", data)
        .with("vinterhavn.example/cost-centre", (4000 + random.below(900)).to_string())
}

/// What Backstage's plugins look for, as unevenly as real repositories have it.
fn annotations(component: &Component) -> Yaml {
    let name = &component.name;
    let mut random = Random::of(&format!("annotations/{name}"));
    let is_service = component.kind == "service";
    let mut all = Yaml::map()
        .with("github.com/project-slug", format!("vinterhavn-bank/{}", component.repository));
    if random.happens(80) {
        all = all.with("sonarqube.org/project-key", format!("vinterhavn_{name}"));
    }
    if component.is_front_end() {
        all = all.with("sentry.io/project-slug", name);
    }
    if !component.is_deployable() {
        return all;
    }
    all = claimed(all, &component.claim);
    if component.tier == 1 || random.happens(70) {
        all = all.with("grafana/dashboard-selector", format!("tags @> '{name}'"));
    }
    if component.tier == 1 {
        all = all
            .with("grafana/alert-label-selector", format!("service={name}"))
            .with("pagerduty.com/integration-key", key(&mut random));
    }
    if is_service && (component.tier == 1 || random.happens(60)) {
        let rate = format!("sum(rate(response_total{{deployment=\"{name}\"}}[5m]))");
        all = all
            .with("prometheus.io/rule", format!("{rate} by (classification)|classification"))
            .with("jaegertracing.io/service", name);
    }
    if component.tier < 3 || random.happens(40) {
        all = all
            .with("humio.com/repository", &component.folder)
            .with("humio.com/query", format!("service={name}"));
    }
    if component.depends_on.iter().any(|target| target.ends_with("-db")) {
        let path = format!("{}/{name}", component.namespace);
        all = all.with("vault.io/secrets-path", path);
    }
    all
}

/// The same annotations and those by which its workloads are found.
fn claimed(annotations: Yaml, claim: &Claim) -> Yaml {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    annotations
        .with_any("backstage.io/kubernetes-id", text(&claim.id))
        .with_any("backstage.io/kubernetes-label-selector", text(&claim.selector))
        .with_any("backstage.io/kubernetes-namespace", text(&claim.namespace))
        .with_any("backstage.io/kubernetes-cluster", text(&claim.cluster))
}

/// 32 hexadecimal digits, as `PagerDuty` hands them out; this one opens nothing.
fn key(random: &mut Random) -> String {
    format!("{:016x}{:016x}", random.bits(), random.bits())
}

fn links(component: &Component) -> Yaml {
    let name = &component.name;
    let mut links = Vec::new();
    if component.tier == 1 {
        let runbook = format!("https://runbooks.vinterhavn.example/{name}");
        links.push(link(runbook, "Runbook", "docs"));
    }
    if let Some(placement) = component.placements.first().filter(|_| component.tier < 3) {
        let host = format!("https://grafana.{}.vinterhavn.example", placement.cluster);
        links.push(link(format!("{host}/d/{name}/overview"), "Dashboard", "dashboard"));
    }
    if component.kind == "website" {
        let host = format!("https://{name}.vinterhavn.example");
        links.push(link(host, "Open", "web"));
    }
    Yaml::List(links)
}
