//! The limits of the public endpoint.
//!
//! They hold before anything is executed, the first of them before anything is parsed: a request
//! costs no more than its size allows. Documents that were compiled in keep the deadline alone.

mod complexity;
mod lexer;

use std::time::Duration;

pub(crate) use self::{complexity::complexity, lexer::check_tokens};
use crate::scope::AnswerBudget;

/// Bytes of a request's body.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;
/// Requests in one body.
pub(crate) const MAX_BATCH: usize = 10;
/// Tokens of a query.
pub(crate) const MAX_TOKENS: usize = 2000;
/// Aliases of a query.
pub(crate) const MAX_ALIASES: usize = 50;
/// Fields at the root of an operation.
pub(crate) const MAX_ROOT_FIELDS: usize = 20;
/// Directives of a query.
pub(crate) const MAX_DIRECTIVES: usize = 20;
/// Directives of one field.
pub(crate) const MAX_DIRECTIVES_PER_FIELD: usize = 5;
/// Nested selection sets, fragments counted.
pub(crate) const MAX_RECURSION: usize = 20;
/// Nested fields. The standard introspection query has 15.
pub(crate) const MAX_DEPTH: usize = 16;
/// Fields that an answer may have, estimated from page sizes; shared by the requests of a batch.
pub(crate) const MAX_COMPLEXITY: usize = 2000;
/// Bytes of an answer.
pub(crate) const MAX_ANSWER_BYTES: usize = 5 * 1024 * 1024;
/// How long a request may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(2);
/// How much an answer may hold while it is made.
pub(crate) const PUBLIC_BUDGET: AnswerBudget =
    AnswerBudget { objects: 20_000, bytes: MAX_ANSWER_BYTES };
