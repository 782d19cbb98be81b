//! Response bodies.

use std::io;

use async_graphql::{Response, ServerError, Value};
use bytes::Bytes;

use crate::{
    error::{ErrorClass, FieldError, RequestError, classified},
    limits::MAX_ANSWER_BYTES,
    ready_json,
};

/// How the transport should answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerClass {
    /// The request was executed, perhaps with errors of some fields: 200.
    Executed,
    /// The request is wrong, or over a limit, and nothing was executed: 400.
    Refused,
    /// The body is too large: 413.
    TooLarge,
    /// No credentials were given: 401.
    Unauthenticated,
    /// It could not be answered in time: 503.
    Unavailable,
}

impl AnswerClass {
    /// The status code of HTTP.
    pub const fn status(self) -> u16 {
        match self {
            Self::Executed => 200,
            Self::Refused => 400,
            Self::TooLarge => 413,
            Self::Unauthenticated => 401,
            Self::Unavailable => 503,
        }
    }
}

/// The answer of the public endpoint.
#[derive(Debug, Clone)]
pub struct PublicAnswer {
    /// How to answer.
    pub class: AnswerClass,
    /// The body: `{"data", "errors"}`, or a list of those for a batch.
    pub body: Bytes,
}

/// One response of GraphQL over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Absent where nothing was executed.
    data: Option<Value>,
    /// Absent where there are none.
    errors: Vec<ServerError>,
    class: AnswerClass,
}

impl Answer {
    /// What an execution gave.
    pub(crate) fn of(response: Response) -> Self {
        // A request that validation refuses has neither data nor an error with a path.
        let is_refused = response.data == Value::Null
            && response.errors.iter().any(|error| error.path.is_empty());
        let class = if is_refused { AnswerClass::Refused } else { AnswerClass::Executed };
        let data = (!is_refused).then_some(response.data);
        Self { data, errors: response.errors.into_iter().map(classified).collect(), class }
    }

    /// A request that was not executed.
    pub(crate) fn refused(error: &RequestError) -> Self {
        let class = match (error, error.class()) {
            (RequestError::BodySize { .. }, _) => AnswerClass::TooLarge,
            (_, ErrorClass::Unauthenticated) => AnswerClass::Unauthenticated,
            (_, ErrorClass::Unavailable) => AnswerClass::Unavailable,
            _ => AnswerClass::Refused,
        };
        Self { data: None, errors: vec![error.to_server_error()], class }
    }

    /// An answer that is too large to be sent.
    fn too_large() -> Self {
        let error = FieldError::AnswerSize("bytes");
        let mut server_error = ServerError::new(error.to_string(), None);
        server_error.source = Some(std::sync::Arc::new(error));
        Self { data: None, errors: vec![classified(server_error)], class: AnswerClass::Refused }
    }

    fn write(&self, body: &mut Limited) -> serde_json::Result<()> {
        body.put("{")?;
        if let Some(data) = &self.data {
            body.put("\"data\":")?;
            ready_json::write(body, data)?;
        }
        if !self.errors.is_empty() {
            body.put(if self.data.is_some() { ",\"errors\":" } else { "\"errors\":" })?;
            serde_json::to_writer(&mut *body, &self.errors)?;
        }
        body.put("}")
    }

    /// The whole body, of any size.
    pub(crate) fn into_body(self) -> Bytes {
        limited(usize::MAX, |body| self.write(body)).unwrap_or_default()
    }

    /// The body, if it is not too large for the public endpoint.
    pub(crate) fn into_public(self) -> PublicAnswer {
        let (class, body) = (self.class, limited(MAX_ANSWER_BYTES, |body| self.write(body)));
        body.map_or_else(
            || PublicAnswer { class: AnswerClass::Refused, body: Self::too_large().into_body() },
            |body| PublicAnswer { class, body },
        )
    }
}

/// The body of a batch: refused as a whole if it is too large, and executed if one of it was.
pub(crate) fn batch(answers: &[Answer]) -> PublicAnswer {
    let class = answers.iter().map(|answer| answer.class).find(|it| *it == AnswerClass::Executed);
    let class = class.or(answers.first().map(|answer| answer.class));
    let body = limited(MAX_ANSWER_BYTES, |body| {
        body.put("[")?;
        for (position, answer) in answers.iter().enumerate() {
            if position > 0 {
                body.put(",")?;
            }
            answer.write(body)?;
        }
        body.put("]")
    });
    match body {
        Some(body) => PublicAnswer { class: class.unwrap_or(AnswerClass::Refused), body },
        None => Answer::too_large().into_public(),
    }
}

fn limited(
    limit_bytes: usize,
    write: impl FnOnce(&mut Limited) -> serde_json::Result<()>,
) -> Option<Bytes> {
    let mut body = Limited { bytes: Vec::with_capacity(4096), limit_bytes };
    write(&mut body).ok()?;
    Some(body.bytes.into())
}

/// A buffer that takes no more than its limit.
struct Limited {
    bytes: Vec<u8>,
    limit_bytes: usize,
}

impl Limited {
    fn put(&mut self, text: &str) -> serde_json::Result<()> {
        io::Write::write_all(self, text.as_bytes()).map_err(serde_json::Error::io)
    }
}

impl io::Write for Limited {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(buffer.len()) > self.limit_bytes {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.bytes.extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
