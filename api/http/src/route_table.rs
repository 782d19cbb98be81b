//! Every route as data, and the only way to mount one.

use std::{fmt, rc::Rc, sync::Arc};

use actix_web::{
    FromRequest, Handler, HttpRequest, HttpResponse, Resource, Route, guard as actix_guard,
    http::{Method, StatusCode, header},
    web,
};
use bytes::Bytes;

use crate::{
    api_error::ApiError,
    error_answer::{json_error, log_error},
    guard::{Audience, Guard, GuardedArguments},
    json_answer::tagged_json,
};

/// What a handler gives back.
pub type Answer = Result<HttpResponse, ApiError>;

/// Turns an error into the form that the routes of a table speak.
pub type ErrorRenderer = fn(&HttpRequest, &ApiError) -> HttpResponse;

/// How the paths of a table are matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PathMatching {
    /// Byte for byte; a known path with another method is 405.
    Exact,
    /// As Express does for Backstage's plugins: without regard to case, with or without a slash at
    /// the end; a known path with another method is 404 without a body.
    Backstage,
}

/// One route: what the tests enumerate, and how it is mounted.
#[derive(Clone)]
pub struct RouteEntry {
    /// The method; `GET` answers `HEAD` too.
    pub method: Method,
    /// The path with its parameters, such as `/api/catalog/entities/by-uid/{uid}`.
    pub path: &'static str,
    /// Whom it is for; taken from the handler's signature.
    pub audience: Audience,
    check: fn(&HttpRequest) -> Result<(), ApiError>,
    route: Arc<dyn Fn(Route, ErrorRenderer) -> Route + Send + Sync>,
}

impl fmt::Debug for RouteEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, audience, .. } = self;
        write!(formatter, "{method} {path} ({audience:?})")
    }
}

/// The routes of one surface.
///
/// A handler is put in by its function; whom it is for is read from its first argument, which must
/// be a [`Guard`]. What is not in a table is not mounted, and a test walks the tables, so no route
/// escapes the test of route × caller.
#[derive(Debug, Clone)]
pub struct RouteTable {
    matching: PathMatching,
    renderer: ErrorRenderer,
    entries: Vec<RouteEntry>,
}

impl RouteTable {
    /// An empty table whose errors are Backstage's JSON.
    pub fn new(matching: PathMatching) -> Self {
        Self { matching, renderer: json_error, entries: Vec::new() }
    }

    /// The same with errors in another form, such as a page.
    #[must_use]
    pub fn errors_as(mut self, renderer: ErrorRenderer) -> Self {
        self.renderer = renderer;
        self
    }

    /// Adds a route for `GET` and `HEAD`.
    #[must_use]
    pub fn get<H, A>(self, path: &'static str, handler: H) -> Self
    where
        H: Handler<A, Output = Answer> + Send + Sync,
        A: GuardedArguments + 'static,
    {
        self.route(Method::GET, path, handler)
    }

    /// Adds a route for `POST`.
    #[must_use]
    pub fn post<H, A>(self, path: &'static str, handler: H) -> Self
    where
        H: Handler<A, Output = Answer> + Send + Sync,
        A: GuardedArguments + 'static,
    {
        self.route(Method::POST, path, handler)
    }

    /// Adds a route.
    #[must_use]
    pub fn route<H, A>(mut self, method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<A, Output = Answer> + Send + Sync,
        A: GuardedArguments + 'static,
    {
        let route = move |route: Route, renderer| {
            let handler = handler.clone();
            route.to(move |request: HttpRequest, payload: web::Payload| {
                answered(handler.clone(), renderer, request, payload)
            })
        };
        self.entries.push(RouteEntry {
            method,
            path,
            audience: A::Guard::AUDIENCE,
            check: |request| A::Guard::check(request).map(drop),
            route: Arc::new(route),
        });
        self
    }

    /// The routes, in the order in which they were put in.
    pub fn entries(&self) -> &[RouteEntry] {
        &self.entries
    }

    /// Mounts every route of the table. Paths are tried in the table's order, so put the busiest
    /// first.
    pub fn mount(&self, config: &mut web::ServiceConfig) {
        let mut paths: Vec<&'static str> = self.entries.iter().map(|entry| entry.path).collect();
        let mut seen = std::collections::HashSet::new();
        paths.retain(|path| seen.insert(*path));
        for path in paths {
            config.service(self.resource(path));
        }
    }

    fn resource(&self, path: &'static str) -> Resource {
        let entries = || self.entries.iter().filter(|entry| entry.path == path);
        let mut resource = match self.matching {
            PathMatching::Exact => web::resource(path),
            PathMatching::Backstage => web::resource(backstage_pattern(path)),
        };
        for entry in entries() {
            resource = resource.route((entry.route)(route_for(&entry.method), self.renderer));
        }
        if self.matching == PathMatching::Backstage {
            if let Some(first) = entries().next() {
                let methods = entries().map(|entry| allowed(&entry.method)).collect::<Vec<_>>();
                resource = resource.route(options(methods.join(","), first.check, self.renderer));
            }
            resource = resource.default_service(web::to(async || HttpResponse::NotFound()));
        }
        resource
    }
}

/// Answers whatever no table has below `prefix`, such as `/api`, with 404 and no body, as upstream.
/// Comes after every table.
pub fn refuse_unknown(config: &mut web::ServiceConfig, prefix: &str) {
    let unknown = web::to(async || HttpResponse::NotFound());
    config.service(web::scope(prefix).default_service(unknown));
}

/// Runs the guard, the other extractors and the handler, and renders what failed.
async fn answered<H, A>(
    handler: H,
    renderer: ErrorRenderer,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse
where
    H: Handler<A, Output = Answer>,
    A: FromRequest,
{
    let outcome = match A::from_request(&request, &mut payload.into_inner()).await {
        Ok(arguments) => handler.call(arguments).await,
        Err(refused) => Err(ApiError::from(refused.into())),
    };
    outcome.unwrap_or_else(|error| {
        log_error(&request, &error);
        renderer(&request, &error)
    })
}

fn route_for(method: &Method) -> Route {
    if *method == Method::GET {
        web::route().guard(actix_guard::Any(actix_guard::Get()).or(actix_guard::Head()))
    } else {
        web::method(method.clone())
    }
}

fn allowed(method: &Method) -> &str {
    if *method == Method::GET { "GET,HEAD" } else { method.as_str() }
}

/// `OPTIONS` names the methods, to those who may use the first of them.
fn options(
    methods: String,
    check: fn(&HttpRequest) -> Result<(), ApiError>,
    renderer: ErrorRenderer,
) -> Route {
    let methods: Rc<str> = methods.into();
    web::method(Method::OPTIONS).to(move |request: HttpRequest| {
        let methods = Rc::clone(&methods);
        async move {
            if let Err(error) = check(&request) {
                log_error(&request, &error);
                return renderer(&request, &error);
            }
            let body = Bytes::copy_from_slice(methods.as_bytes());
            let mut answer = tagged_json(&request, StatusCode::OK, body);
            let headers = answer.headers_mut();
            let html = header::HeaderValue::from_static("text/html; charset=utf-8");
            headers.insert(header::CONTENT_TYPE, html);
            if let Ok(methods) = header::HeaderValue::from_str(&methods) {
                headers.insert(header::ALLOW, methods);
            }
            answer
        }
    })
}

/// The path as a pattern of actix that ignores the case of its fixed segments and takes a slash at
/// the end. Fixed segments become nameless-looking parameters (`_1`), so handlers take their path
/// parameters by name, never by position.
fn backstage_pattern(path: &str) -> String {
    let segments = path.split('/').enumerate().skip(1).map(|(position, segment)| {
        if segment.starts_with('{') || !segment.contains(|c: char| c.is_ascii_alphabetic()) {
            segment.to_owned()
        } else {
            format!("{{_{position}:(?i){}}}", segment.replace('.', "\\."))
        }
    });
    let segments: Vec<_> = segments.collect();
    format!("/{}{{_end:/?}}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use actix_web::{App, test};
    use callboard_auth::StaticTokens;
    use serde::Deserialize;

    use super::*;
    use crate::{AnonymousAccess, Authorized, CatalogEntityRead, Credentials, ErrorClass, Public};

    #[derive(Deserialize)]
    struct Named {
        name: String,
    }

    async fn thing(_: Public, path: web::Path<Named>) -> Answer {
        Ok(HttpResponse::Ok().body(path.into_inner().name))
    }

    async fn guarded(_: Authorized<CatalogEntityRead>, _: web::Json<u8>) -> Answer {
        Err(ApiError::new(ErrorClass::Conflict, "never reached without credentials"))
    }

    fn table() -> RouteTable {
        RouteTable::new(PathMatching::Backstage)
            .get("/api/x/things/{name}", thing)
            .post("/api/x/guarded", guarded)
    }

    async fn ask(method: Method, uri: &str) -> (u16, String) {
        let credentials =
            web::Data::new(Credentials::new(StaticTokens::default(), AnonymousAccess::Refused));
        let table = table();
        let app = test::init_service(
            App::new().app_data(credentials).configure(|config| table.mount(config)),
        )
        .await;
        let request = test::TestRequest::with_uri(uri).method(method).to_request();
        let answer = test::call_service(&app, request).await;
        let status = answer.status().as_u16();
        (status, String::from_utf8(test::read_body(answer).await.to_vec()).unwrap())
    }

    #[actix_web::test]
    async fn paths_match_as_in_express() {
        for uri in ["/api/x/things/A", "/API/X/Things/A", "/api/x/things/A/", "/api/x/things/A?q"] {
            assert_eq!(ask(Method::GET, uri).await, (200, "A".to_owned()), "{uri}");
        }
        assert_eq!(ask(Method::GET, "/api/x/things/a%2Fb").await.1, "a/b");
        for uri in ["/api/x/things", "/api/x/things/a/b", "/api/xx/things/a"] {
            assert_eq!(ask(Method::GET, uri).await.0, 404, "{uri}");
        }
    }

    #[actix_web::test]
    async fn another_method_is_404_without_a_body() {
        assert_eq!(ask(Method::PUT, "/api/x/things/a").await, (404, String::new()));
    }

    #[actix_web::test]
    async fn options_names_the_methods_to_those_who_may_use_them() {
        assert_eq!(ask(Method::OPTIONS, "/api/x/things/a").await, (200, "GET,HEAD".to_owned()));
        assert_eq!(ask(Method::OPTIONS, "/api/x/guarded").await.0, 401);
    }

    #[actix_web::test]
    async fn the_guard_speaks_before_any_other_argument() {
        let (status, body) = ask(Method::POST, "/api/x/guarded").await;
        assert_eq!(status, 401);
        assert!(body.contains("Missing credentials"), "{body}");
    }

    #[::core::prelude::v1::test]
    fn the_table_knows_whom_a_route_is_for() {
        let audiences: Vec<_> = table().entries().iter().map(|entry| entry.audience).collect();
        let read = Audience::Permission(callboard_auth::Permission::CatalogEntityRead);
        assert_eq!(audiences, [Audience::Public, read]);
    }
}
