//! From the bytes of an answer to lean objects, without a tree of JSON between them.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{failure::shortened, intern::Interner, kinds::Lean, object::Object};

/// How many objects one page may hold: ten times as many as are asked for.
const MOST_ITEMS: usize = 5000;

/// Why an answer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    /// Not JSON, or not of the form that the API has.
    #[error("{0}")]
    Malformed(String),
    /// More than may be kept.
    #[error("its objects weigh more than is left")]
    TooHeavy,
    /// Another kind than the one that was asked for.
    #[error("it is a {0:?}")]
    Kind(String),
    /// No `metadata.resourceVersion`, without which nothing can be watched.
    #[error("it has no resourceVersion")]
    NoVersion,
}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed(shortened(&error.to_string()))
    }
}

/// One page of a list.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// What the list calls itself, such as `PodList`.
    pub(crate) kind: String,
    pub(crate) objects: Vec<Object>,
    /// Empty where the answer has none.
    pub(crate) resource_version: String,
    /// What asks for the next page.
    pub(crate) continue_token: Option<String>,
    /// How many items there were, shown or not.
    pub(crate) items: usize,
}

impl Page {
    /// The page, if it is one of a list of `kind`.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Kind`], [`DecodeError::NoVersion`].
    pub(crate) fn of_kind(self, kind: &str) -> Result<Self, DecodeError> {
        let is_expected = self.kind.strip_suffix("List") == Some(kind)
            || self.kind == "PartialObjectMetadataList";
        if !is_expected {
            return Err(DecodeError::Kind(shortened(&self.kind)));
        }
        if self.resource_version.is_empty() {
            return Err(DecodeError::NoVersion);
        }
        Ok(self)
    }
}

/// Reads a page.
///
/// # Errors
///
/// [`DecodeError::Malformed`]; [`DecodeError::TooHeavy`] if the interner is full.
pub(crate) fn decode_page<K: Lean>(
    bytes: &[u8],
    interner: &mut Interner,
) -> Result<Page, DecodeError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = PageSeed::<K> { interner: &mut *interner, lean: PhantomData };
    let page = seed.deserialize(&mut deserializer);
    if interner.is_full() {
        return Err(DecodeError::TooHeavy);
    }
    let page = page?;
    deserializer.end()?;
    Ok(page)
}

/// Reads one object.
///
/// # Errors
///
/// [`DecodeError::Malformed`].
pub(crate) fn decode_object<K: Lean>(
    json: &str,
    interner: &mut Interner,
) -> Result<Option<Object>, DecodeError> {
    Ok(K::object(serde_json::from_str(json)?, interner))
}

struct PageSeed<'i, K> {
    interner: &'i mut Interner,
    lean: PhantomData<K>,
}

impl<'de, K: Lean> DeserializeSeed<'de> for PageSeed<'_, K> {
    type Value = Page;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Page, D::Error> {
        deserializer.deserialize_map(self)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMetadata {
    #[serde(default)]
    resource_version: String,
    #[serde(rename = "continue")]
    continue_token: Option<String>,
}

impl<'de, K: Lean> Visitor<'de> for PageSeed<'_, K> {
    type Value = Page;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of the API")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Page, A::Error> {
        let mut page = Page::default();
        while let Some(field) = fields.next_key::<String>()? {
            match field.as_str() {
                "kind" => page.kind = fields.next_value()?,
                "metadata" => {
                    let metadata: ListMetadata = fields.next_value()?;
                    page.resource_version = metadata.resource_version;
                    page.continue_token = metadata.continue_token.filter(|token| !token.is_empty());
                }
                "items" => fields.next_value_seed(Items::<K> {
                    interner: &mut *self.interner,
                    page: &mut page,
                    lean: PhantomData,
                })?,
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(page)
    }
}

struct Items<'i, K> {
    interner: &'i mut Interner,
    page: &'i mut Page,
    lean: PhantomData<K>,
}

impl<'de, K: Lean> DeserializeSeed<'de> for Items<'_, K> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, K: Lean> Visitor<'de> for Items<'_, K> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "at most {MOST_ITEMS} objects")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(wire) = items.next_element::<K::Wire>()? {
            if self.page.items == MOST_ITEMS {
                return Err(A::Error::custom("a page has more than 5000 objects"));
            }
            self.page.items += 1;
            self.page.objects.extend(K::object(wire, self.interner));
            if self.interner.is_full() {
                return Err(A::Error::custom("the objects weigh more than is left"));
            }
        }
        Ok(())
    }
}

/// One event of a watch.
#[derive(Debug, Deserialize)]
pub(crate) struct WatchEvent<'a> {
    /// `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`.
    #[serde(rename = "type")]
    pub(crate) what: &'a str,
    /// The object, or a `Status`.
    #[serde(borrow)]
    pub(crate) object: &'a RawValue,
}

/// What every object begins with.
#[derive(Debug, Deserialize)]
pub(crate) struct Head {
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) metadata: HeadMetadata,
}

/// Which object, in which version.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeadMetadata {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) namespace: String,
    #[serde(default)]
    pub(crate) resource_version: String,
}

impl Head {
    /// Whether it is an object of `kind`, whole or its metadata.
    pub(crate) fn is_of_kind(&self, kind: &str) -> bool {
        self.kind == kind || self.kind == "PartialObjectMetadata"
    }
}

/// The API's own words for a failure.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Status {
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) code: u16,
    #[serde(default)]
    pub(crate) message: String,
}

#[cfg(test)]
mod tests {
    use callboard_plugin::WorkloadKind;

    use super::*;
    use crate::{
        kinds::{Kind, KindRow, TABLE},
        object::PodLife,
    };

    fn row(kind: Kind) -> &'static KindRow {
        &TABLE[kind as usize]
    }

    fn page(kind: Kind, json: &str) -> Result<Page, DecodeError> {
        let page = (row(kind).page)(json.as_bytes(), &mut Interner::default())?;
        page.of_kind(row(kind).name)
    }

    #[test]
    fn a_page_is_read_with_its_continuation() {
        let json = r#"{"kind":"NamespaceList","apiVersion":"v1",
            "metadata":{"resourceVersion":"42","continue":"abc","remainingItemCount":7},
            "items":[{"metadata":{"name":"bank","managedFields":[{"x":{"f:y":{}}}]}}]}"#;
        let page = page(Kind::Namespace, json).unwrap();
        assert_eq!((page.resource_version.as_str(), page.items), ("42", 1));
        assert_eq!(page.continue_token.as_deref(), Some("abc"));
    }

    #[test]
    fn what_is_not_the_list_is_refused() {
        let wrong = r#"{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[]}"#;
        let expected = DecodeError::Kind("PodList".to_owned());
        assert_eq!(page(Kind::Namespace, wrong).unwrap_err(), expected);
        assert_eq!(page(Kind::Pod, "{}").unwrap_err(), DecodeError::Kind(String::new()));
        let unversioned = r#"{"kind":"PodList","metadata":{},"items":null}"#;
        assert_eq!(page(Kind::Pod, unversioned).unwrap_err(), DecodeError::NoVersion);
        let html = page(Kind::Pod, "<html>");
        assert!(matches!(html, Err(DecodeError::Malformed(_))));
        let cut = page(Kind::Pod, r#"{"kind":"PodList","items":[{"metadata":{"name":"a"}}"#);
        assert!(matches!(cut, Err(DecodeError::Malformed(_))));
    }

    #[test]
    fn a_page_of_too_many_objects_is_refused() {
        let item = r#"{"metadata":{"name":"a"}}"#;
        let items = vec![item; MOST_ITEMS + 1].join(",");
        let json = format!(r#"{{"kind":"NamespaceList","items":[{items}]}}"#);
        assert!(page(Kind::Namespace, &json).is_err());
    }

    /// As kube-apiserver 1.36 and a kubelet write it, shortened.
    const POD: &str = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"ledger-7c9d-x1",
        "generateName":"ledger-7c9d-","namespace":"bank","uid":"u","resourceVersion":"9",
        "creationTimestamp":"2026-11-20T10:00:00Z",
        "labels":{"app":"ledger","pod-template-hash":"7c9d","linkerd.io/control-plane-ns":"linkerd"},
        "annotations":{"linkerd.io/proxy-version":"edge-26.8.1"},
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"ledger-7c9d",
            "uid":"r","controller":true,"blockOwnerDeletion":true}],
        "managedFields":[{"manager":"kubelet","operation":"Update"}]},
        "spec":{"initContainers":[{"name":"linkerd-init","image":"l5d/init:1"},
            {"name":"linkerd-proxy","image":"l5d/proxy:1","restartPolicy":"Always"},
            {"name":"shipper","image":"fluent:2","restartPolicy":"Always"}],
            "containers":[{"name":"app","image":"r.example/ledger:1.2",
            "env":[{"name":"PASSWORD","value":"hunter2"}]}]},
        "status":{"phase":"Running","conditions":[{"type":"Ready","status":"False"},
            {"type":"PodScheduled","status":"True"}],
            "initContainerStatuses":[{"name":"linkerd-proxy","restartCount":1,"imageID":"",
                "state":{"running":{"startedAt":"2026-11-20T10:00:00Z"}}}],
            "containerStatuses":[{"name":"app","restartCount":5,"ready":false,
                "image":"r.example/ledger:1.2","imageID":"r.example/ledger@sha256:ab",
                "state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off"}}}]}}"#;

    #[test]
    fn a_pod_keeps_what_is_shown() {
        let object = (row(Kind::Pod).object)(POD, &mut Interner::default()).unwrap();
        let Some(Object::Pod(pod)) = object else { panic!("a pod") };
        let controller = pod.controller.unwrap();
        assert_eq!(controller.kind, WorkloadKind::ReplicaSet);
        assert_eq!(&*controller.name.name, "ledger-7c9d");
        assert_eq!(pod.deployment.as_deref(), Some("ledger"));
        assert_eq!((pod.restarts, pod.life, pod.is_ready), (6, PodLife::Active, false));
        assert_eq!(&*pod.waiting, ["CrashLoopBackOff".into()]);
        assert!(pod.is_meshed);
        assert_eq!(pod.proxy_version.as_deref(), Some("edge-26.8.1"));
        let images: Vec<&str> = pod.images.iter().map(|image| &*image.name).collect();
        assert_eq!(images, ["r.example/ledger", "fluent"]);
        assert_eq!(pod.images[0].digest.as_deref(), Some("sha256:ab"));
        assert!(!pod.labels.contains_key("pod-template-hash"));
    }

    #[test]
    fn events_that_do_not_warn_of_workloads_are_let_go() {
        let event = |kind: &str, severity: &str| {
            let json = format!(
                r#"{{"metadata":{{"name":"e"}},"type":"{severity}","reason":"R","count":null,
                "involvedObject":{{"kind":"{kind}","name":"x","namespace":"bank"}}}}"#
            );
            (row(Kind::Event).object)(&json, &mut Interner::default()).unwrap()
        };
        assert!(event("Pod", "Warning").is_some());
        assert!(event("Pod", "Normal").is_none());
        assert!(event("Node", "Warning").is_none());
    }
}
