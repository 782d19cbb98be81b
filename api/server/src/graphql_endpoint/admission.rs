//! Who may open a WebSocket: browsers let every page open one to everywhere, cookies and all, so
//! the origin is checked here; and there is a bound on how many are open.

use std::sync::Arc;

use actix_web::{HttpRequest, http::header};
use callboard_http::{ApiError, Cors, ErrorClass};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::{Host, Origin, Url};

/// Open sockets of the whole process.
pub(crate) const MAX_CONNECTIONS: usize = 1_000;

/// Decides which requests become a `WebSocket`. Cheap to clone; clones share the bound.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    own: Arc<[Origin]>,
    cors: Option<Cors>,
    places: Arc<Semaphore>,
    limit: usize,
}

impl Admission {
    /// Pages of the origins of `own` and those that `cors` allows may connect, `limit` at a time.
    pub(crate) fn new(own: &[&Url], cors: Option<Cors>, limit: usize) -> Self {
        let own = own.iter().map(|url| url.origin()).collect();
        Self { own, cors, places: Arc::new(Semaphore::new(limit)), limit }
    }

    /// Refuses pages of other origins. What names no origin is no browser and may connect.
    ///
    /// # Errors
    ///
    /// [`ErrorClass::NotAllowed`], which names the keys of the configuration.
    pub(super) fn check_origin(&self, request: &HttpRequest) -> Result<(), ApiError> {
        for origin in request.headers().get_all(header::ORIGIN) {
            let origin = origin.to_str().unwrap_or("(not a text)");
            if !self.allows(origin, request) {
                let message = format!(
                    "pages of {origin} may not connect: set app.baseUrl or backend.baseUrl to the \
                     portal's address, or add the origin to backend.cors.origin"
                );
                return Err(ApiError::new(ErrorClass::NotAllowed, message));
            }
        }
        Ok(())
    }

    /// A place for one connection, held until it is dropped.
    ///
    /// # Errors
    ///
    /// [`ErrorClass::Unavailable`] while all are taken.
    pub(super) fn place(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            let message = format!("{} WebSockets are open, which is the limit", self.limit);
            ApiError::new(ErrorClass::Unavailable, message).retry_after_seconds(30)
        })
    }

    fn allows(&self, origin: &str, request: &HttpRequest) -> bool {
        let Ok(url) = Url::parse(origin) else { return false };
        let is_tuple = url.origin().is_tuple();
        is_tuple
            && (self.own.contains(&url.origin())
                || self.cors.as_ref().is_some_and(|cors| cors.allows(origin))
                || is_addressed_itself(&url, request))
    }
}

/// Whether the page came from the address that the request is for, and that is no name which
/// somebody else's DNS could point here.
fn is_addressed_itself(origin: &Url, request: &HttpRequest) -> bool {
    let is_local = match origin.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    };
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok());
    is_local && host.is_some_and(|host| host.origin() == origin.origin())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use callboard_http::CorsOptions;

    use super::*;

    fn admits(origin: &str, host: &str) -> bool {
        let origins = vec!["https://*.bank.example".to_owned()];
        let cors = Cors::new(&CorsOptions { origins, ..CorsOptions::default() }).unwrap();
        let own = ["http://localhost:7007", "https://portal.example/callboard"];
        let own = own.map(|url| Url::parse(url).unwrap());
        let admission = Admission::new(&[&own[0], &own[1]], Some(cors), 1);
        let request = TestRequest::get()
            .insert_header(("host", host))
            .insert_header(("origin", origin))
            .to_http_request();
        admission.check_origin(&request).is_ok()
    }

    #[test]
    fn only_pages_of_the_portal_and_of_allowed_origins_may_connect() {
        for origin in [
            "https://portal.example",
            "https://portal.example:443",
            "http://localhost:7007",
            "https://a.bank.example",
        ] {
            assert!(admits(origin, "portal.example"), "{origin}");
        }
        for origin in [
            "https://evil.example",
            "http://portal.example",
            "https://portal.example:8443",
            "https://portal.example.evil.example",
            "https://bank.example",
            "http://localhost:7008",
            "null",
            "",
            "file:///x",
        ] {
            assert!(!admits(origin, "portal.example"), "{origin}");
        }
    }

    #[test]
    fn a_name_that_was_pointed_here_is_not_the_portals_own() {
        assert!(!admits("https://evil.example", "evil.example"));
        assert!(!admits("http://evil.example:7007", "evil.example:7007"));
        assert!(!admits("http://localhost.evil.example", "localhost.evil.example"));
    }

    #[test]
    fn an_address_that_needs_no_name_is_the_portals_own() {
        assert!(admits("http://127.0.0.1:7100", "127.0.0.1:7100"));
        assert!(admits("http://[::1]:7100", "[::1]:7100"));
        assert!(admits("http://localhost:7100", "localhost:7100"));
        assert!(admits("https://10.0.0.7", "10.0.0.7"));
        assert!(!admits("http://127.0.0.1:7100", "127.0.0.1:7101"));
        assert!(!admits("http://10.0.0.8", "10.0.0.7"));
    }

    #[test]
    fn the_refusal_names_the_keys_to_set() {
        let admission = Admission::new(&[], None, 1);
        let request = TestRequest::get().insert_header(("origin", "https://evil.example"));
        let refused = admission.check_origin(&request.to_http_request()).unwrap_err();
        assert_eq!(refused.class(), ErrorClass::NotAllowed);
        for key in ["app.baseUrl", "backend.baseUrl", "backend.cors.origin"] {
            assert!(refused.message().contains(key), "{key}");
        }
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let admission = Admission::new(&[], None, 1);
        let first = admission.place().unwrap();
        assert_eq!(admission.clone().place().unwrap_err().class(), ErrorClass::Unavailable);
        drop(first);
        assert!(admission.place().is_ok());
    }
}
