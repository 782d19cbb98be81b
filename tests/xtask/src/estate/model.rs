//! The estate as plain data: who owns what, where it runs and who calls whom.
//!
//! Descriptors are one view of it. Whatever else is made of the same bank (recorded clusters,
//! traffic, a ground truth to test against) starts from here, so that all of it agrees.

use serde::{Deserialize, Serialize};

/// The whole bank. Every list is in the order in which it was written down.
#[derive(Debug, Default)]
pub(crate) struct Estate {
    pub(crate) groups: Vec<Group>,
    pub(crate) people: Vec<Person>,
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) domains: Vec<Domain>,
    pub(crate) systems: Vec<System>,
    pub(crate) components: Vec<Component>,
    pub(crate) apis: Vec<Api>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) calls: Vec<Call>,
}

/// Which sort of group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupKind {
    Company,
    Tribe,
    Squad,
}

impl GroupKind {
    /// As in `spec.type`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Tribe => "tribe",
            Self::Squad => "squad",
        }
    }
}

/// The company, a tribe or a squad.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) kind: GroupKind,
    pub(crate) parent: Option<String>,
    pub(crate) about: String,
    pub(crate) city: String,
}

/// Somebody who works here.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) login: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) city: String,
    /// The first one is the group in whose file the person stands.
    pub(crate) member_of: Vec<String>,
}

/// A Kubernetes cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    /// `aws`, `azure` or `gcp`.
    pub(crate) cloud: String,
    pub(crate) region: String,
    /// `production`, `staging` or `development`.
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
    pub(crate) linked: bool,
    /// `<plural>.<group>` of what its API server refuses to list.
    pub(crate) forbidden: Vec<String>,
}

/// A business domain; its folder is the one of the top-level domain it belongs to.
#[derive(Debug)]
pub(crate) struct Domain {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) owner: String,
    pub(crate) parent: Option<String>,
    pub(crate) folder: String,
    pub(crate) about: String,
}

/// A system.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) owner: String,
    pub(crate) domain: String,
    pub(crate) folder: String,
    pub(crate) about: String,
}

/// A component, with everything that it says of itself and where it truly runs.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) title: String,
    /// `service`, `website`, `job`, `library`, `mobile-app`, `cli` or `data-pipeline`.
    pub(crate) kind: String,
    pub(crate) lifecycle: String,
    /// 1 stops the bank, 2 stops a product, 3 can wait until Monday.
    pub(crate) tier: u8,
    pub(crate) language: String,
    pub(crate) owner: String,
    pub(crate) system: String,
    /// Folder of its domain, and of its repository within.
    pub(crate) folder: String,
    pub(crate) repository: String,
    pub(crate) part_of: Option<String>,
    pub(crate) about: Option<String>,
    /// Besides language and tier.
    pub(crate) tags: Vec<String>,
    /// Version in production.
    pub(crate) version: String,
    pub(crate) provides: Vec<String>,
    pub(crate) consumes: Vec<String>,
    /// Full entity refs.
    pub(crate) depends_on: Vec<String>,
    /// Those of `depends_on` that point at nothing, on purpose.
    pub(crate) dangling: Vec<String>,
    /// Kubernetes namespace in every cluster.
    pub(crate) namespace: String,
    /// Name of its workload in every cluster.
    pub(crate) workload: String,
    /// How its descriptor names its workloads.
    pub(crate) claim: Claim,
    pub(crate) placements: Vec<Placement>,
}

impl Component {
    /// Whether people, not programs, use it.
    pub(crate) fn is_front_end(&self) -> bool {
        matches!(self.kind.as_str(), "website" | "mobile-app")
    }

    /// Whether a cluster can run it.
    pub(crate) fn is_deployable(&self) -> bool {
        !matches!(self.kind.as_str(), "library" | "mobile-app" | "cli")
    }
}

/// By what a workload is known to be a component's. The names are those of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Rule {
    /// The label `backstage.io/kubernetes-id`.
    KubernetesId,
    /// The annotation `backstage.io/kubernetes-label-selector`.
    LabelSelector,
    /// The label `app.kubernetes.io/name`; here and below the descriptor need not say anything.
    NameLabel,
    /// The label `app.kubernetes.io/instance`.
    InstanceLabel,
    /// The label `app.kubernetes.io/part-of`.
    PartOfLabel,
    /// The annotation `backstage.io/kubernetes-namespace` and the component's own name.
    NamespaceAndName,
}

impl Rule {
    /// What it looks at.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::KubernetesId => "`backstage.io/kubernetes-id`",
            Self::LabelSelector => "a label selector",
            Self::NameLabel => "`app.kubernetes.io/name`",
            Self::InstanceLabel => "`app.kubernetes.io/instance`",
            Self::PartOfLabel => "`app.kubernetes.io/part-of`",
            Self::NamespaceAndName => "namespace and name",
        }
    }
}

/// How a descriptor names the workloads of its component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claim {
    /// What its workloads are recognised by.
    pub(crate) rule: Rule,
    /// `backstage.io/kubernetes-id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// `backstage.io/kubernetes-label-selector`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) selector: Option<String>,
    /// `backstage.io/kubernetes-namespace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    /// `backstage.io/kubernetes-cluster`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cluster: Option<String>,
}

/// One component in one cluster.
#[derive(Debug)]
pub(crate) struct Placement {
    pub(crate) cluster: String,
    pub(crate) replicas: u64,
}

/// How an API is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Rest,
    Grpc,
    GraphQl,
    Events,
}

impl Protocol {
    /// As in `spec.type` of an API.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Rest => "openapi",
            Self::Grpc => "grpc",
            Self::GraphQl => "graphql",
            Self::Events => "asyncapi",
        }
    }
}

/// An API with its contract.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) protocol: Protocol,
    pub(crate) lifecycle: String,
    pub(crate) owner: String,
    pub(crate) system: String,
    pub(crate) folder: String,
    pub(crate) provider: String,
    pub(crate) version: String,
    pub(crate) subjects: Vec<Subject>,
}

/// One thing that an API talks about.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) schema: Schema,
    /// What can be done to it besides reading, `create` among them.
    pub(crate) actions: Vec<String>,
    /// `domain.event` if it is published and not asked for.
    pub(crate) topic: Option<String>,
}

/// The shape of a subject.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    /// In kebab case, singular.
    pub(crate) name: String,
    /// The first one is the key.
    pub(crate) fields: Vec<Field>,
}

/// One field of a [`Schema`].
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// In camel case.
    pub(crate) name: String,
    pub(crate) kind: FieldKind,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Id,
    Text,
    Int,
    Bool,
    Rate,
    Money,
    Iban,
    Date,
    Time,
    Country,
    Currency,
    Email,
    Phone,
    Choice(Vec<String>),
}

/// Something that components depend on and that is not a component.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    /// As in `spec.type`.
    pub(crate) kind: String,
    pub(crate) about: String,
    pub(crate) owner: String,
    pub(crate) system: Option<String>,
    /// The component in whose repository it is declared; `None` for what all share.
    pub(crate) declared_by: Option<String>,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) depends_on: Vec<String>,
}

/// Whether the caller's descriptor says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declaration {
    Declared,
    /// It happens, and no descriptor says so.
    Hidden,
    /// A descriptor says so, and it does not happen.
    Unused,
}

/// One component that uses another.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) from: String,
    pub(crate) to: String,
    /// `Events` go by way of Kafka; everything else is a request through the mesh. `None` if the
    /// callee has no API.
    pub(crate) protocol: Option<Protocol>,
    pub(crate) declaration: Declaration,
}

/// A [`Call`] between two clusters, or within one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route<'a> {
    pub(crate) call: (&'a str, &'a str),
    pub(crate) from_cluster: &'a str,
    pub(crate) to_cluster: &'a str,
}
