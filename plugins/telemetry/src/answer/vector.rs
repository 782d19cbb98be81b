//! The series of a vector, read one after the other so that only what is kept takes memory.

use std::{borrow::Cow, collections::HashSet, fmt, sync::Arc};

use callboard_plugin::Sample;
use serde::{
    Deserialize, Deserializer as _,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// The series that were found.
#[derive(Debug, Default)]
pub(super) struct Series {
    /// Those that were kept.
    pub(super) samples: Vec<Sample>,
    /// How many were beyond the limit.
    pub(super) dropped: usize,
    /// How many had a native histogram in place of a value.
    pub(super) histograms: usize,
}

/// Reads the `result` of a vector.
pub(super) fn read(result: &RawValue, max_series: usize) -> Result<Series, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(result.get());
    let series = deserializer.deserialize_seq(SeriesVisitor { max_series })?;
    deserializer.end()?;
    Ok(series)
}

struct SeriesVisitor {
    max_series: usize,
}

impl<'de> Visitor<'de> for SeriesVisitor {
    type Value = Series;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of series")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Series, A::Error> {
        let mut texts = Texts::default();
        let mut series = Series::default();
        while series.samples.len() < self.max_series {
            match list.next_element_seed(OneSeries { texts: &mut texts })? {
                Some(Found::Value(sample)) => series.samples.push(sample),
                Some(Found::Histogram) => series.histograms += 1,
                None => return Ok(series),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            series.dropped += 1;
        }
        Ok(series)
    }
}

/// Every text once: names of labels and most of their values come again and again.
#[derive(Debug, Default)]
struct Texts(HashSet<Arc<str>>);

impl Texts {
    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// One element of the list.
enum Found {
    Value(Sample),
    Histogram,
}

struct OneSeries<'t> {
    texts: &'t mut Texts,
}

impl<'de> DeserializeSeed<'de> for OneSeries<'_> {
    type Value = Found;

    fn deserialize<D: serde::Deserializer<'de>>(self, one: D) -> Result<Found, D::Error> {
        one.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OneSeries<'_> {
    type Value = Found;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a series")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let (mut labels, mut value, mut is_histogram) = (None, None, false);
        while let Some(Text(key)) = map.next_key()? {
            match &*key {
                "metric" => labels = Some(map.next_value_seed(Labels { texts: self.texts })?),
                "value" => {
                    let (_, Text(text)): (IgnoredAny, Text<'de>) = map.next_value()?;
                    value = Some(text.parse::<f64>().map_err(|_| A::Error::custom("no number"))?);
                }
                key => {
                    is_histogram |= key == "histogram";
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match (value, labels) {
            (Some(value), Some(labels)) => Ok(Found::Value(Sample { labels, value })),
            (None, _) if is_histogram => Ok(Found::Histogram),
            _ => Err(A::Error::custom("a series without labels or value")),
        }
    }
}

/// The labels of one series, ordered by name.
struct Labels<'t> {
    texts: &'t mut Texts,
}

impl<'de> DeserializeSeed<'de> for Labels<'_> {
    type Value = Box<[(Arc<str>, Arc<str>)]>;

    fn deserialize<D: serde::Deserializer<'de>>(self, map: D) -> Result<Self::Value, D::Error> {
        map.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Labels<'_> {
    type Value = Box<[(Arc<str>, Arc<str>)]>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("labels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut labels = Vec::new();
        while let Some((Text(name), Text(value))) = map.next_entry()? {
            labels.push((self.texts.shared(&name), self.texts.shared(&value)));
        }
        labels.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(labels.into_boxed_slice())
    }
}

/// A text that is borrowed where the answer has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}
