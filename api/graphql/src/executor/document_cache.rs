//! Parsed documents, kept so that a client's next request of the same text is not parsed again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_graphql::parser::{Error as ParserError, parse_query, types::ExecutableDocument};

use crate::error::RequestError;

/// The longest text that is kept, in bytes.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// A bounded cache in two generations: when the young one is full, the old one is dropped. What is
/// in use stays.
pub(super) struct DocumentCache {
    generations: Mutex<Generations>,
    capacity: usize,
}

type Documents = HashMap<Box<str>, Arc<ExecutableDocument>>;

#[derive(Default)]
struct Generations {
    young: Documents,
    old: Documents,
}

impl DocumentCache {
    /// An empty cache of at most `capacity` documents.
    pub(super) fn new(capacity: usize) -> Self {
        Self { generations: Mutex::default(), capacity: capacity.div_ceil(2) }
    }

    /// The document of `text`.
    ///
    /// # Errors
    ///
    /// [`RequestError::Syntax`] or [`RequestError::Document`], without the text.
    pub(super) fn document(&self, text: &str) -> Result<Arc<ExecutableDocument>, RequestError> {
        if let Some(document) = self.lock().find(text, self.capacity) {
            return Ok(document);
        }
        let document = Arc::new(parse_query(text).map_err(refused)?);
        if text.len() <= MAX_TEXT_BYTES {
            self.lock().keep(text, &document, self.capacity);
        }
        Ok(document)
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn find(&mut self, text: &str, capacity: usize) -> Option<Arc<ExecutableDocument>> {
        if let Some(document) = self.young.get(text) {
            return Some(Arc::clone(document));
        }
        let document = self.old.remove(text)?;
        self.keep(text, &document, capacity);
        Some(document)
    }

    fn keep(&mut self, text: &str, document: &Arc<ExecutableDocument>, capacity: usize) {
        if self.young.len() >= capacity {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(text.into(), Arc::clone(document));
    }
}

/// What the parser said, without the lines of the query that it quotes.
fn refused(error: ParserError) -> RequestError {
    match error {
        ParserError::Syntax { message, start, .. } => {
            let expected = message.lines().rev().find_map(|line| line.trim().strip_prefix("= "));
            let expected = expected.unwrap_or("not a GraphQL document").to_owned();
            RequestError::Syntax { line: start.line, column: start.column, expected }
        }
        other => RequestError::Document(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_parsed_once_and_the_cache_stays_bounded() {
        let cache = DocumentCache::new(10);
        let first = cache.document("{ a }").unwrap();
        for n in 0..100 {
            cache.document(&format!("{{ a{n} }}")).unwrap();
            assert!(Arc::ptr_eq(&first, &cache.document("{ a }").unwrap()));
        }
        let generations = cache.lock();
        assert!(generations.young.len() + generations.old.len() <= 10);
    }

    #[test]
    fn a_syntax_error_says_where_and_what_but_not_the_query() {
        let error = DocumentCache::new(1).document("{ secret(").unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("syntax error in line 1, column"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
