//! From the events of the parser to the value of one document.

use std::{borrow::Cow, collections::HashMap};

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag, YamlVersion};
use serde_json::{Map, Value};

use super::{
    DescriptorError, DescriptorErrorKind,
    budget::{Budget, DescriptorLimits},
    diagnosis, hidden, key_text,
    scalar::{Plain, ScalarSchema, resolve},
    split::Chunk,
    tag,
};

/// Backstage follows an alias at most so many times.
const ALIAS_LIMIT: usize = 100;

/// The value of the document in `chunk`; `null` if it holds nothing.
pub(super) fn compose(
    chunk: &Chunk<'_>,
    limits: &DescriptorLimits,
) -> Result<Value, DescriptorError> {
    let text = decode(chunk, limits)?;
    let options = granit_parser::options! {
        strict_indentation: true,
        bom_inside_document_as_content: true,
        emit_unresolved_aliases: true,
        emit_comments: false,
        flow_nesting_limit: limits.depth + 2,
        block_nesting_limit: limits.depth + 2,
    };
    let mut composer = Composer::new(chunk, &text, limits);
    for event in Parser::new_from_str_with_options(&text, options) {
        match event {
            Ok((event, span)) => {
                composer.take(event, &span).map_err(|fault| composer.error(fault, &span))?;
            }
            Err(error) => return Err(composer.first_error(diagnosis::syntax(chunk, &text, &error))),
        }
    }
    composer.finish()
}

/// The text of `chunk`, with U+FFFD for what is not UTF-8.
fn decode<'file>(
    chunk: &Chunk<'file>,
    limits: &DescriptorLimits,
) -> Result<Cow<'file, str>, DescriptorError> {
    let bytes = chunk.bytes();
    let is_small = bytes.len() <= limits.document_bytes;
    let decoded_bytes = if is_small { decoded_length(bytes) } else { bytes.len() };
    if decoded_bytes > limits.document_bytes {
        let text = format!(
            "the document has {decoded_bytes} bytes, the limit is {}",
            limits.document_bytes
        );
        return Err(super::budget::at_start(text, chunk.line));
    }
    let text = String::from_utf8_lossy(bytes);
    if hidden::is_needed(bytes) {
        return Ok(Cow::Owned(hidden::hide(&text)));
    }
    Ok(text)
}

/// How long `bytes` are once U+FFFD stands for what is not UTF-8.
fn decoded_length(bytes: &[u8]) -> usize {
    if std::str::from_utf8(bytes).is_ok() {
        return bytes.len();
    }
    let length = |part: std::str::Utf8Chunk<'_>| {
        part.valid().len() + 3 * usize::from(!part.invalid().is_empty())
    };
    bytes.utf8_chunks().map(length).sum()
}

/// Something that is wrong at the place of an event.
pub(super) enum Fault {
    Syntax(&'static str),
    Alias(String),
    Budget(String),
}

/// A list or an object that is being filled.
struct Frame {
    items: Items,
    anchor: usize,
    /// Nodes that were counted before this one.
    nodes_before: usize,
    bytes_before: usize,
    aliases: Vec<usize>,
    has_leaf: bool,
}

enum Items {
    List(Vec<Value>),
    Object(Object),
}

#[derive(Default)]
struct Object {
    fields: Map<String, Value>,
    /// The key whose value comes next.
    key: Option<String>,
    /// Keys that are not texts: two keys are equal only if their types are, too.
    other_keys: Vec<(String, Option<Plain>)>,
}

/// What `&name` stands before.
struct Anchor {
    /// `None` until its end was read.
    value: Option<(Value, String)>,
    nodes: usize,
    bytes: usize,
    aliases: Vec<usize>,
    has_leaf: bool,
    count: usize,
    alias_count: usize,
}

struct Composer<'text> {
    chunk: &'text Chunk<'text>,
    text: &'text str,
    budget: Budget,
    schema: ScalarSchema,
    frames: Vec<Frame>,
    root: Value,
    anchors: HashMap<usize, Anchor>,
    keeps_anchors: bool,
    has_hidden: bool,
    nodes: usize,
    bytes: usize,
    /// The first thing that is wrong but does not end reading.
    pending: Option<DescriptorError>,
}

impl<'text> Composer<'text> {
    fn new(
        chunk: &'text Chunk<'text>,
        text: &'text Cow<'text, str>,
        limits: &DescriptorLimits,
    ) -> Self {
        Self {
            chunk,
            text,
            budget: Budget::new(limits, text.len()),
            schema: ScalarSchema::Core,
            frames: Vec::new(),
            root: Value::Null,
            anchors: HashMap::new(),
            has_hidden: matches!(text, Cow::Owned(_)),
            keeps_anchors: memchr::memchr(b'*', text.as_bytes()).is_some(),
            nodes: 0,
            bytes: 0,
            pending: None,
        }
    }

    fn finish(self) -> Result<Value, DescriptorError> {
        self.pending.map_or(Ok(self.root), Err)
    }

    /// The earlier one of what is pending and `error`. An alias that cannot be followed comes
    /// after every error of syntax.
    fn first_error(&mut self, error: DescriptorError) -> DescriptorError {
        match self.pending.take() {
            Some(pending) if matches!(pending.kind, DescriptorErrorKind::Syntax(_)) => pending,
            _ => error,
        }
    }

    /// The error for `fault`, if it ends reading. Others wait: an error of syntax further down
    /// decides what Backstage does with the file.
    fn error(&mut self, fault: Fault, span: &Span) -> DescriptorError {
        let kind = match fault {
            Fault::Syntax(text) => DescriptorErrorKind::Syntax(text.to_owned()),
            Fault::Alias(text) => DescriptorErrorKind::Alias(text),
            Fault::Budget(text) => DescriptorErrorKind::Budget(text),
        };
        diagnosis::at_span(self.chunk, self.text, span, kind)
    }

    fn take(&mut self, event: Event<'text>, span: &Span) -> Result<(), Fault> {
        match event {
            Event::DocumentStart(_, version) => {
                if version == Some(YamlVersion::new(1, 1)) {
                    self.schema = ScalarSchema::Yaml11;
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let text =
                    if span.is_empty() && style == ScalarStyle::Plain { "".into() } else { text };
                let text = if self.has_hidden { hidden::reveal(text) } else { text };
                self.scalar(text, style, anchor, tag.as_deref(), span)
            }
            Event::SequenceStart(_, anchor, _) => self.open(Items::List(Vec::new()), anchor),
            Event::MappingStart(_, anchor, _) => {
                self.open(Items::Object(Object::default()), anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => self.alias(id, span),
            Event::UnresolvedAlias(name) => {
                let text =
                    format!("Unresolved alias (the anchor must be set before the alias): {name}");
                self.refuse(Fault::Alias(text), span);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Remembers a fault that does not end reading, and goes on with nothing in its place.
    fn refuse(&mut self, fault: Fault, span: &Span) {
        self.remember(fault, span);
        self.deliver(Value::Null, |_| (String::new(), None), span);
    }

    fn remember(&mut self, fault: Fault, span: &Span) {
        let error = self.error(fault, span);
        self.keep(error);
    }

    /// Keeps `error` if it is the first; one of syntax goes before those of aliases.
    fn keep(&mut self, error: DescriptorError) {
        let is_syntax = matches!(error.kind, DescriptorErrorKind::Syntax(_));
        let is_first = match &self.pending {
            None => true,
            Some(pending) => is_syntax && !matches!(pending.kind, DescriptorErrorKind::Syntax(_)),
        };
        if is_first {
            self.pending = Some(error);
        }
    }

    fn count(&mut self, bytes: usize) -> Result<(), Fault> {
        self.nodes += 1;
        self.bytes += bytes;
        self.budget.take_nodes(1).map_err(Fault::Budget)
    }

    fn scalar(
        &mut self,
        text: Cow<'text, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: &Span,
    ) -> Result<(), Fault> {
        self.count(text.len())?;
        if let Some(frame) = self.frames.last_mut() {
            frame.has_leaf = true;
        }
        let plain = match tag {
            Some(tag) => match tag::resolve_scalar(tag, &text, self.schema) {
                tag::Tagged::Plain(plain) => plain,
                tag::Tagged::Value(value) => {
                    self.deliver(value, |value| (key_text::of(value), None), span);
                    return Ok(());
                }
                tag::Tagged::Refused(text) => {
                    self.refuse(Fault::Syntax(text), span);
                    return Ok(());
                }
            },
            None if style == ScalarStyle::Plain => resolve(&text, self.schema),
            None => Plain::Text,
        };
        if anchor != 0 && self.keeps_anchors {
            let leaf = Anchor {
                value: Some((plain.value(&*text), plain.key(&*text))),
                nodes: 1,
                bytes: text.len(),
                aliases: Vec::new(),
                has_leaf: true,
                count: 1,
                alias_count: 0,
            };
            self.anchors.insert(anchor, leaf);
        }
        if self.is_at_key() {
            let key = plain.key(text);
            self.take_key(key, Some(plain), span);
            return Ok(());
        }
        self.put(plain.value(text));
        Ok(())
    }

    fn open(&mut self, items: Items, anchor: usize) -> Result<(), Fault> {
        self.count(0)?;
        self.budget.check_depth(self.frames.len() + 1).map_err(Fault::Budget)?;
        self.frames.push(Frame {
            items,
            anchor,
            nodes_before: self.nodes - 1,
            bytes_before: self.bytes,
            aliases: Vec::new(),
            has_leaf: false,
        });
        Ok(())
    }

    fn close(&mut self, span: &Span) -> Result<(), Fault> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let value = match frame.items {
            Items::List(items) => Value::Array(items),
            Items::Object(object) => Value::Object(object.fields),
        };
        if let Some(parent) = self.frames.last_mut() {
            parent.has_leaf |= frame.has_leaf;
            parent.aliases.extend_from_slice(&frame.aliases);
        }
        if frame.anchor != 0 && self.keeps_anchors {
            let (nodes, bytes) = (self.nodes - frame.nodes_before, self.bytes - frame.bytes_before);
            self.budget.take_repeated(bytes, 0).map_err(Fault::Budget)?;
            let anchor = Anchor {
                value: Some((value.clone(), String::new())),
                nodes,
                bytes,
                aliases: frame.aliases,
                has_leaf: frame.has_leaf,
                count: 1,
                alias_count: 0,
            };
            self.anchors.insert(frame.anchor, anchor);
        }
        self.deliver(value, |value| (key_text::of(value), None), span);
        Ok(())
    }

    fn alias(&mut self, id: usize, span: &Span) -> Result<(), Fault> {
        if let Some(frame) = self.frames.last_mut() {
            frame.aliases.push(id);
        }
        let inner = self.alias_count(id);
        let Some(anchor) = self.anchors.get_mut(&id) else {
            let text = "This should not happen: Alias anchor was not resolved?";
            self.refuse(Fault::Alias(text.to_owned()), span);
            return Ok(());
        };
        anchor.count += 1;
        if anchor.alias_count == 0 {
            anchor.alias_count = inner;
        }
        if anchor.count.saturating_mul(anchor.alias_count) > ALIAS_LIMIT {
            let text = "Excessive alias count indicates a resource exhaustion attack";
            self.refuse(Fault::Alias(text.to_owned()), span);
            return Ok(());
        }
        let (nodes, bytes) = (anchor.nodes, anchor.bytes);
        self.nodes += nodes;
        self.bytes += bytes;
        self.budget.take_repeated(bytes, nodes).map_err(Fault::Budget)?;
        let Some((value, key)) = self.anchors.get(&id).and_then(|anchor| anchor.value.clone())
        else {
            return Ok(());
        };
        self.deliver(
            value,
            |value| {
                let is_collection = value.is_array() || value.is_object();
                (if is_collection { key_text::of(value) } else { key }, None)
            },
            span,
        );
        Ok(())
    }

    /// How often the most used alias inside the anchor `id` was followed. Source: `getAliasCount`.
    fn alias_count(&self, id: usize) -> usize {
        let Some(anchor) = self.anchors.get(&id) else { return 0 };
        let inner = anchor.aliases.iter().filter_map(|id| self.anchors.get(id));
        let most = inner.map(|inner| inner.count.saturating_mul(inner.alias_count)).max();
        most.unwrap_or(0).max(usize::from(anchor.has_leaf))
    }

    fn is_at_key(&self) -> bool {
        matches!(
            self.frames.last(),
            Some(Frame { items: Items::Object(Object { key: None, .. }), .. })
        )
    }

    fn deliver(
        &mut self,
        value: Value,
        key: impl FnOnce(&Value) -> (String, Option<Plain>),
        span: &Span,
    ) {
        if self.is_at_key() {
            let (text, plain) = key(&value);
            self.take_key(text, plain, span);
            return;
        }
        self.put(value);
    }

    /// Takes the key of the next value. `plain` is what it was resolved to; `None` for keys that
    /// are never equal to others, such as lists.
    fn take_key(&mut self, key: String, plain: Option<Plain>, span: &Span) {
        let Some(Frame { items: Items::Object(object), .. }) = self.frames.last_mut() else {
            return;
        };
        let is_text = plain == Some(Plain::Text);
        let is_duplicate = if object.other_keys.is_empty() || !is_text {
            let is_known = object.fields.contains_key(&key);
            is_known
                && (if is_text {
                    true
                } else {
                    plain.is_some()
                        && object
                            .other_keys
                            .iter()
                            .any(|(text, other)| *text == key && *other == plain)
                })
        } else {
            object.fields.contains_key(&key)
                && object.other_keys.iter().all(|(text, _)| *text != key)
        };
        if !is_text {
            object.other_keys.push((key.clone(), plain));
        }
        object.key = Some(key);
        if is_duplicate {
            let kind = DescriptorErrorKind::Syntax("Map keys must be unique".to_owned());
            self.keep(diagnosis::at_key(self.chunk, self.text, span, kind));
        }
    }

    fn put(&mut self, value: Value) {
        match self.frames.last_mut().map(|frame| &mut frame.items) {
            None => self.root = value,
            Some(Items::List(items)) => items.push(value),
            Some(Items::Object(object)) => {
                if let Some(key) = object.key.take() {
                    object.fields.insert(key, value);
                }
            }
        }
    }
}
