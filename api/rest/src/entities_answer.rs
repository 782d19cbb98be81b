//! Answers made of entities: ready-made bytes between a head and a tail, or projected.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodySize, MessageBody},
    http::{StatusCode, header},
};
use bytes::{Bytes, BytesMut};
use callboard_catalog::index::{CatalogReader, IndexedEntity};
use callboard_http::{Answer, ApiError, ErrorClass, JSON, raw_json, tagged_json};

use crate::entity_fields::EntityFields;

/// How much of a long answer is put together at a time, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;

/// A list of entities and what stands around it; `None` items are null.
#[derive(Debug)]
pub(crate) struct EntitiesAnswer {
    /// What stands before the list, such as `{"items":`.
    pub(crate) head: &'static str,
    /// The entities.
    pub(crate) items: Vec<Option<Arc<IndexedEntity>>>,
    /// What stands after the list.
    pub(crate) tail: String,
}

impl EntitiesAnswer {
    /// The answer: of whole entities as ready-made bytes, streamed where they are many; of `fields`
    /// projected and with an entity tag. Source: Backstage `writeEntitiesResponse`.
    pub(crate) fn respond(
        self,
        request: &HttpRequest,
        reader: CatalogReader,
        fields: Option<&EntityFields>,
    ) -> Answer {
        match fields {
            Some(fields) => self.projected(request, &reader, fields),
            None => Ok(self.raw(reader)),
        }
    }

    fn projected(
        &self,
        request: &HttpRequest,
        reader: &CatalogReader,
        fields: &EntityFields,
    ) -> Answer {
        let mut body = BytesMut::from(self.head.as_bytes());
        let mut separator = b"[";
        for item in &self.items {
            body.extend_from_slice(separator);
            separator = b",";
            match item {
                Some(entity) => {
                    let projected = fields.project(&reader.json(entity));
                    let projected = projected
                        .map_err(|error| ApiError::from_cause(ErrorClass::Internal, error))?;
                    body.extend_from_slice(projected.as_bytes());
                }
                None => body.extend_from_slice(b"null"),
            }
        }
        body.extend_from_slice(if self.items.is_empty() { b"[]" } else { b"]" });
        body.extend_from_slice(self.tail.as_bytes());
        Ok(tagged_json(request, StatusCode::OK, body.freeze()))
    }

    fn raw(self, reader: CatalogReader) -> HttpResponse {
        let mut body = EntitiesBody {
            head: self.head,
            items: self.items.into_iter(),
            tail: self.tail,
            reader,
            stage: Stage::Head,
        };
        let first = body.chunk();
        if body.stage == Stage::Done {
            return raw_json(first);
        }
        let rest = Streamed { first: Some(first), rest: body };
        HttpResponse::Ok().insert_header((header::CONTENT_TYPE, JSON)).body(rest)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    Items,
    Done,
}

/// The text of an answer, a chunk at a time.
struct EntitiesBody {
    head: &'static str,
    items: std::vec::IntoIter<Option<Arc<IndexedEntity>>>,
    tail: String,
    reader: CatalogReader,
    stage: Stage,
}

impl EntitiesBody {
    /// The next chunk; empty only after the end.
    fn chunk(&mut self) -> Bytes {
        let mut chunk = BytesMut::new();
        if self.stage == Stage::Head {
            chunk.extend_from_slice(self.head.as_bytes());
        }
        while self.stage != Stage::Done && chunk.len() < CHUNK_BYTES {
            let Some(item) = self.items.next() else {
                let end: &[u8] = if self.stage == Stage::Head { b"[]" } else { b"]" };
                chunk.extend_from_slice(end);
                chunk.extend_from_slice(self.tail.as_bytes());
                self.stage = Stage::Done;
                break;
            };
            chunk.extend_from_slice(if self.stage == Stage::Head { b"[" } else { b"," });
            self.stage = Stage::Items;
            match item {
                Some(entity) => chunk.extend_from_slice(&self.reader.json(&entity)),
                None => chunk.extend_from_slice(b"null"),
            }
        }
        chunk.freeze()
    }
}

/// A body whose length is not known beforehand. Nothing of it waits, so it is never pending.
struct Streamed {
    first: Option<Bytes>,
    rest: EntitiesBody,
}

impl MessageBody for Streamed {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        let chunk = this.first.take().unwrap_or_else(|| this.rest.chunk());
        Poll::Ready((!chunk.is_empty()).then_some(Ok(chunk)))
    }
}
