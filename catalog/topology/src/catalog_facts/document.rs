//! The few fields that matter, out of the JSON of an entity.
//!
//! Everything else is skipped without being made: a hundred thousand entities are read at a start.
//! A field of another type than expected counts as absent, because kinds of the configuration may
//! hold anything.

use std::{borrow::Cow, fmt, sync::Arc};

use callboard_model::annotation::{KUBERNETES_ID, KUBERNETES_LABEL_SELECTOR, KUBERNETES_NAMESPACE};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{KUBERNETES_ANNOTATION, KubernetesAnnotations};
use crate::placement::LabelSelector;

/// The cluster that an entity is confined to. Source: Backstage, the locator `singleTenant`.
const KUBERNETES_CLUSTER: &str = "backstage.io/kubernetes-cluster";

/// What matters of an entity's JSON.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) title: Option<Arc<str>>,
    pub(super) kubernetes: Option<KubernetesAnnotations>,
    /// `spec.type`.
    pub(super) kind: Option<Arc<str>>,
}

/// Reads what matters; nothing of a text that is no entity.
pub(super) fn read(json: &[u8]) -> Facts {
    let Ok(document) = serde_json::from_slice::<Document<'_>>(json) else {
        return Facts::default();
    };
    let kind = document.spec.0.map(Arc::from);
    let Some(metadata) = document.metadata else { return Facts { kind, ..Facts::default() } };
    let kubernetes = (!metadata.annotations.0.is_empty())
        .then(|| annotations(&metadata.annotations.0))
        .filter(|found| found.says_by().is_some());
    Facts { title: metadata.title.0.map(Into::into), kubernetes, kind }
}

fn annotations(found: &[(Cow<'_, str>, Cow<'_, str>)]) -> KubernetesAnnotations {
    let text = |key: &str| {
        let (_, value) = found.iter().find(|(found, _)| found == key)?;
        (!value.trim().is_empty()).then(|| Arc::from(value.trim()))
    };
    let selector_text: Option<Arc<str>> = text(KUBERNETES_LABEL_SELECTOR);
    let selector = selector_text.as_deref().map(LabelSelector::parse);
    KubernetesAnnotations {
        id: text(KUBERNETES_ID),
        selector_text,
        selector,
        namespace: text(KUBERNETES_NAMESPACE),
        cluster: text(KUBERNETES_CLUSTER),
    }
}

#[derive(Deserialize)]
struct Document<'j> {
    #[serde(borrow)]
    metadata: Option<Metadata<'j>>,
    #[serde(borrow, default)]
    spec: SpecType<'j>,
}

#[derive(Deserialize)]
struct Metadata<'j> {
    #[serde(borrow, default)]
    title: Text<'j>,
    #[serde(borrow, default)]
    annotations: Annotations<'j>,
}

/// A text, or nothing where something else stands.
#[derive(Default)]
struct Text<'j>(Option<Cow<'j, str>>);

/// The annotations of Kubernetes that are texts.
#[derive(Default)]
struct Annotations<'j>(Vec<(Cow<'j, str>, Cow<'j, str>)>);

/// `spec.type`, if that is a text.
#[derive(Default)]
struct SpecType<'j>(Option<Cow<'j, str>>);

struct TextVisitor;
struct AnnotationsVisitor;
struct SpecTypeVisitor;

macro_rules! nothing_from {
    ($value:expr => $($visit:ident($kind:ty)),+) => {
        $(
            fn $visit<E>(self, _: $kind) -> Result<Self::Value, E> {
                Ok($value)
            }
        )+
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok($value)
        }
    };
}

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Text<'de>, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }

    nothing_from!(Text(None) => visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64));
}

impl<'de> Visitor<'de> for AnnotationsVisitor {
    type Value = Annotations<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, _: &'de str) -> Result<Annotations<'de>, E> {
        Ok(Annotations::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Annotations<'de>, E> {
        Ok(Annotations::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Annotations<'de>, A::Error> {
        let mut found = Vec::new();
        while let Some(Text(key)) = fields.next_key()? {
            let key = key.filter(|key| key.starts_with(KUBERNETES_ANNOTATION));
            let Some(key) = key else {
                fields.next_value::<IgnoredAny>()?;
                continue;
            };
            if let Text(Some(value)) = fields.next_value()? {
                found.push((key, value));
            }
        }
        Ok(Annotations(found))
    }

    nothing_from!(
        Annotations::default() => visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64)
    );
}

impl<'de> Visitor<'de> for SpecTypeVisitor {
    type Value = SpecType<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, _: &'de str) -> Result<SpecType<'de>, E> {
        Ok(SpecType::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<SpecType<'de>, E> {
        Ok(SpecType::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<SpecType<'de>, A::Error> {
        let mut found = None;
        while let Some(Text(key)) = fields.next_key()? {
            if key.as_deref() == Some("type") {
                Text(found) = fields.next_value()?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(SpecType(found))
    }

    nothing_from!(
        SpecType::default() => visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64)
    );
}

impl<'de: 'j, 'j> Deserialize<'de> for SpecType<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpecTypeVisitor)
    }
}

impl<'de: 'j, 'j> Deserialize<'de> for Text<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

impl<'de: 'j, 'j> Deserialize<'de> for Annotations<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnnotationsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_of_kubernetes_are_found_among_others() {
        let json = br#"{"kind":"Component","metadata":{"name":"a","title":"A \"1\"","annotations":{
            "x":"y","backstage.io/kubernetes-label-selector":" app=a ",
            "backstage.io/kubernetes-id":"","backstage.io/kubernetes-namespace":"bank"}},
            "spec":{"deep":[1,{"a":null}],"type":"service","type2":"x"}}"#;
        let facts = read(json);
        assert_eq!(facts.kind.as_deref(), Some("service"));
        assert_eq!(facts.title.as_deref(), Some("A \"1\""));
        let found = facts.kubernetes.unwrap();
        assert_eq!(found.selector_text.as_deref(), Some("app=a"));
        assert_eq!(found.selector, Some(LabelSelector::parse("app=a")));
        assert_eq!((found.id, found.cluster), (None, None));
        assert_eq!(found.namespace.as_deref(), Some("bank"));
    }

    #[test]
    fn odd_documents_tell_nothing_and_break_nothing() {
        for json in [
            "",
            "[]",
            "{}",
            r#"{"metadata":7}"#,
            r#"{"metadata":{"title":[1],"annotations":"x"}}"#,
            r#"{"metadata":{"title":{"a":1},"annotations":{"backstage.io/kubernetes-id":7}}}"#,
            r#"{"metadata":{"annotations":[1,2]}}"#,
            r#"{"metadata":{"annotations":null}}"#,
            r#"{"metadata":{},"spec":"asyncapi"}"#,
            r#"{"metadata":{},"spec":{"type":["asyncapi"]}}"#,
        ] {
            let facts = read(json.as_bytes());
            let is_silent = facts.title.is_none() && facts.kubernetes.is_none();
            assert!(is_silent && facts.kind.is_none(), "{json}");
        }
    }
}
