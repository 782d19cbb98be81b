//! What every route shares: the caller of a request, the permission in a handler's signature, the
//! table of routes, error bodies, limits and headers; and the port through which GraphQL is
//! executed.
//!
//! ```text
//! async fn entity(guard: Authorized<CatalogEntityRead>, path: web::Path<Name>) -> Answer { … }
//!
//! let table = RouteTable::new(PathMatching::Exact).get("/things/{name}", entity);
//! App::new()
//!     .app_data(web::Data::new(Credentials::new(tokens, AnonymousAccess::Refused)))
//!     .wrap(Compress::default())
//!     .wrap(from_fn(shell))
//!     .configure(|config| table.mount(config))
//! ```

mod api_error;
mod caller_extractor;
mod cors;
mod error_answer;
mod graphql_executor;
mod guard;
mod json_answer;
mod json_body;
mod request_id;
mod route_table;
mod shell;

pub use api_error::{ApiError, ErrorClass};
pub use callboard_auth::Caller;
pub use caller_extractor::{AnonymousAccess, CallerExtractor, Credentials};
pub use cors::{Cors, CorsCredentials, CorsError, CorsOptions, cors};
pub use error_answer::{json_error, mounted_url, shown_message};
pub use graphql_executor::GraphqlExecutor;
pub use guard::{
    Audience, Authenticated, Authorized, CatalogEntityRead, Guard, GuardedArguments, Public,
    RequiredPermission,
};
pub use json_answer::{JSON, raw_json, tagged_json};
pub use json_body::{BODY_DEADLINE, JsonBody, MAX_BODY_BYTES, in_time};
pub use request_id::request_id;
pub use route_table::{
    Answer, ErrorRenderer, PathMatching, RouteEntry, RouteTable, refuse_unknown,
};
pub use shell::shell;
