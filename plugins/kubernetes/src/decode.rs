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
/// [`DecodeError::Malformed`].
pub(crate) fn decode_page<K: Lean>(
    bytes: &[u8],
    interner: &mut Interner,
) -> Result<Page, DecodeError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let page = PageSeed::<K> { interner, lean: PhantomData }.deserialize(&mut deserializer)?;
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
