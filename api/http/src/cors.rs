//! Requests from pages of other origins (CORS), as upstream answers them.
//!
//! Source: Backstage `readCorsOptions` and the npm package `cors`: an origin that no pattern
//! matches gets an answer without a word on origins, and its preflight goes on to the routes.

use std::{sync::Arc, time::Duration};

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web,
};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// What npm's `cors` allows where no methods are configured.
const METHODS: &str = "GET,HEAD,PUT,PATCH,POST,DELETE";

/// `backend.cors`, as it stands in the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorsOptions {
    /// Patterns of origins: `*` stands for any part without a slash, case does not count.
    pub origins: Vec<String>,
    /// Methods; `None` = those of npm's `cors`.
    pub methods: Option<Vec<String>>,
    /// Request headers; `None` = whichever are asked for.
    pub allowed_headers: Option<Vec<String>>,
    /// Answer headers that the page may see.
    pub exposed_headers: Vec<String>,
    /// Whether the page may send cookies.
    pub credentials: CorsCredentials,
    /// For how long a browser may keep the answer of a preflight.
    pub max_age: Option<Duration>,
}

/// Whether a page of another origin may send cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CorsCredentials {
    /// No.
    #[default]
    Omitted,
    /// Yes.
    Allowed,
}

/// What cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CorsError {
    /// A pattern.
    #[error("\"{pattern}\" is not a pattern of origins")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        #[source]
        source: globset::Error,
    },
    /// Methods or headers that no header can carry.
    #[error("{what} hold a character that no header can carry")]
    Header {
        /// Which.
        what: &'static str,
    },
}

/// Which pages of other origins may call. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cors(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    origins: GlobSet,
    methods: HeaderValue,
    allowed_headers: Option<HeaderValue>,
    exposed_headers: Option<HeaderValue>,
    credentials: CorsCredentials,
    max_age: Option<HeaderValue>,
}

impl Cors {
    /// The rules of `options`. Without patterns no other origin may call.
    ///
    /// # Errors
    ///
    /// [`CorsError`] for a pattern or a header that cannot be used.
    pub fn new(options: &CorsOptions) -> Result<Self, CorsError> {
        let joined = |what: &'static str, list: &[String]| {
            HeaderValue::from_str(&list.join(",")).map_err(|_| CorsError::Header { what })
        };
        let allowed_headers = options.allowed_headers.as_deref();
        let exposed = Some(&options.exposed_headers).filter(|list| !list.is_empty());
        Ok(Self(Arc::new(Rules {
            origins: patterns(&options.origins)?,
            methods: match &options.methods {
                Some(methods) => joined("methods", methods)?,
                None => HeaderValue::from_static(METHODS),
            },
            allowed_headers: allowed_headers
                .map(|list| joined("allowedHeaders", list))
                .transpose()?,
            exposed_headers: exposed.map(|list| joined("exposedHeaders", list)).transpose()?,
            credentials: options.credentials,
            max_age: options.max_age.map(|age| HeaderValue::from(age.as_secs())),
        })))
    }

    /// Whether pages of `origin`, such as `https://portal.example`, may call.
    pub fn allows(&self, origin: &str) -> bool {
        self.0.origins.is_match(origin)
    }
}

fn patterns(origins: &[String]) -> Result<GlobSet, CorsError> {
    let wrong = |pattern: &str, source| CorsError::Pattern { pattern: pattern.to_owned(), source };
    let mut set = GlobSetBuilder::new();
    for origin in origins {
        // Upstream's patterns know no `**`: two stars are one.
        let pattern = origin.replace("**", "*");
        let glob = GlobBuilder::new(&pattern)
            .case_insensitive(true)
            .literal_separator(true)
            .build()
            .map_err(|source| wrong(origin, source))?;
        set.add(glob);
    }
    set.build().map_err(|source| wrong(&origins.join(", "), source))
}

impl Rules {
    /// What every answer to `origin` says.
    fn answer(&self, origin: &HeaderValue, headers: &mut HeaderMap) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if self.credentials == CorsCredentials::Allowed {
            let yes = HeaderValue::from_static("true");
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        if let Some(exposed) = &self.exposed_headers {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
    }

    /// What the answer to a preflight says beside that.
    fn preflight(&self, asked: Option<&HeaderValue>, headers: &mut HeaderMap) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
        let allowed = self.allowed_headers.as_ref().or_else(|| {
            let vary = HeaderValue::from_static("Access-Control-Request-Headers");
            headers.append(header::VARY, vary);
            asked
        });
        if let Some(allowed) = allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed.clone());
        }
        if let Some(max_age) = &self.max_age {
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, max_age.clone());
        }
    }
}

/// Answers preflights of allowed origins with 204 and tells their pages what they may see. Stands
/// within [`crate::shell`] and around everything else; does nothing without [`Cors`] in the app.
///
/// # Errors
///
/// Those of what it wraps.
pub async fn cors<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let rules = request.app_data::<web::Data<Cors>>().map(|cors| Arc::clone(&cors.0));
    let origin = request.headers().get(header::ORIGIN).cloned();
    let allowed = rules.zip(origin).filter(|(rules, origin)| {
        origin.to_str().is_ok_and(|origin| rules.origins.is_match(origin))
    });
    let Some((rules, origin)) = allowed else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    if request.method() == Method::OPTIONS {
        let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        let mut answer = HttpResponse::NoContent().finish();
        rules.answer(&origin, answer.headers_mut());
        rules.preflight(asked.as_ref(), answer.headers_mut());
        return Ok(request.into_response(answer).map_into_right_body());
    }
    let mut answer = next.call(request).await?.map_into_left_body();
    rules.answer(&origin, answer.headers_mut());
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use actix_web::{App, body::to_bytes, middleware::from_fn, test};

    use super::*;

    async fn ask(options: CorsOptions, request: test::TestRequest) -> ServiceResponse {
        let page = web::to(async || HttpResponse::Ok().body("page"));
        let app = App::new()
            .app_data(web::Data::new(Cors::new(&options).unwrap()))
            .wrap(from_fn(cors))
            .default_service(page);
        let app = test::init_service(app).await;
        test::call_service(&app, request.to_request()).await.map_into_boxed_body()
    }

    fn options() -> CorsOptions {
        CorsOptions {
            origins: vec!["http://localhost:3000".to_owned(), "https://*.Bank.example".to_owned()],
            ..CorsOptions::default()
        }
    }

    fn header<'a>(response: &'a ServiceResponse, name: &str) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[actix_web::test]
    async fn a_page_of_an_allowed_origin_may_read() {
        for origin in ["http://localhost:3000", "HTTP://LOCALHOST:3000", "https://a.bank.example"] {
            let request = test::TestRequest::get().insert_header(("origin", origin));
            let response = ask(options(), request).await;
            assert_eq!(header(&response, "access-control-allow-origin"), origin);
            assert_eq!(header(&response, "vary"), "Origin");
            assert_eq!(header(&response, "access-control-allow-credentials"), "");
        }
    }

    #[actix_web::test]
    async fn a_page_of_another_origin_learns_nothing() {
        for origin in [
            "http://localhost:3001",
            "https://bank.example",
            "https://evil.example/a.bank.example",
            "https://evil.example",
            "null",
        ] {
            for method in [Method::GET, Method::OPTIONS] {
                let request = test::TestRequest::with_uri("/").method(method);
                let response = ask(options(), request.insert_header(("origin", origin))).await;
                assert_eq!(header(&response, "access-control-allow-origin"), "", "{origin}");
                assert_eq!(response.status(), 200);
                let body = to_bytes(response.into_body()).await.ok().unwrap();
                assert_eq!(body, "page", "the request goes on as it is");
            }
        }
    }

    #[actix_web::test]
    async fn a_preflight_is_answered_without_asking_the_route() {
        let options = CorsOptions {
            methods: Some(vec!["GET".to_owned(), "POST".to_owned()]),
            exposed_headers: vec!["ETag".to_owned()],
            credentials: CorsCredentials::Allowed,
            max_age: Some(Duration::from_mins(10)),
            ..options()
        };
        let request = test::TestRequest::with_uri("/")
            .method(Method::OPTIONS)
            .insert_header(("origin", "http://localhost:3000"))
            .insert_header(("access-control-request-headers", "authorization,x-y"));
        let response = ask(options, request).await;
        assert_eq!(response.status(), 204);
        for (name, value) in [
            ("access-control-allow-methods", "GET,POST"),
            ("access-control-allow-headers", "authorization,x-y"),
            ("access-control-allow-credentials", "true"),
            ("access-control-expose-headers", "ETag"),
            ("access-control-max-age", "600"),
        ] {
            assert_eq!(header(&response, name), value, "{name}");
        }
    }

    #[actix_web::test]
    async fn a_request_without_an_origin_is_not_concerned() {
        let response = ask(options(), test::TestRequest::get()).await;
        assert_eq!(header(&response, "access-control-allow-origin"), "");
    }
}
