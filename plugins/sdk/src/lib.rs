//! Ports and shared types of the plugins. No I/O.

pub mod allow_list;
pub mod http_client;

pub use allow_list::{AllowList, AllowedTarget, AllowedTargetError};
pub use http_client::{BlockReason, HttpClient, HttpError, HttpRequest, HttpResponse};
