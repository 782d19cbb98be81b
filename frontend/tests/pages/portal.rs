//! A portal for one request.

use std::sync::{Arc, Mutex};

use actix_web::{
    App,
    http::{
        Method, StatusCode,
        header::{HeaderMap, HeaderName},
    },
    test, web,
};
use async_trait::async_trait;
use bytes::Bytes;
use callboard_frontend::{Portal, PortalAccess};
use callboard_http::{AnonymousAccess, Caller, Credentials, GraphqlExecutor};
use serde_json::Value;

/// An API that knows one answer, or one for each operation, and remembers what it was asked.
struct Recorded {
    answer: Value,
    asked: Mutex<Vec<Value>>,
}

#[async_trait]
impl GraphqlExecutor for Recorded {
    async fn execute_trusted(&self, request: Bytes, _: &Caller) -> Bytes {
        let asked: Value = serde_json::from_slice(&request).unwrap();
        let operation = asked["operationName"].as_str().unwrap();
        let answer = self.answer.get(operation).unwrap_or(&self.answer);
        let answer = serde_json::to_vec(answer).unwrap();
        self.asked.lock().unwrap().push(asked);
        answer.into()
    }
}

/// What the portal answered.
pub(crate) struct Shown {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
    /// The variables of what it asked the API, if it asked.
    pub(crate) variables: Option<Value>,
}

impl Shown {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let name: HeaderName = name.parse().unwrap();
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Whether `part` stands in the page; blanks of the template do not matter.
    #[track_caller]
    pub(crate) fn has(&self, part: &str) {
        assert!(self.html.contains(part), "{part}\nis not in\n{}", self.html);
    }
}

/// A recorded answer.
pub(crate) fn recorded(name: &str) -> Value {
    let path = format!("{}/tests/recorded/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The page at `uri` for the guest of the demo, where the API answers `answer`.
pub(crate) async fn show(uri: &str, answer: &Value) -> Shown {
    ask(Method::GET, uri, AnonymousAccess::Guest, answer).await
}

/// The same for anybody, by any method.
pub(crate) async fn ask(
    method: Method,
    uri: &str,
    anonymous: AnonymousAccess,
    answer: &Value,
) -> Shown {
    let executor = Arc::new(Recorded { answer: answer.clone(), asked: Mutex::default() });
    let access = match anonymous {
        AnonymousAccess::Guest => PortalAccess::Everybody,
        AnonymousAccess::Refused => PortalAccess::Credentials,
    };
    let portal = Portal { title: "Example".into(), access };
    let port: Arc<dyn GraphqlExecutor> = Arc::<Recorded>::clone(&executor);
    let routes = callboard_frontend::routes();
    let app = App::new()
        .app_data(web::Data::new(portal))
        .app_data(web::Data::<dyn GraphqlExecutor>::from(port))
        .app_data(web::Data::new(Credentials::new(<_>::default(), anonymous)))
        .configure(|config| routes.mount(config));
    let app = test::init_service(app).await;
    let request = test::TestRequest::with_uri(uri).method(method).to_request();
    let response = test::call_service(&app, request).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let html = String::from_utf8(test::read_body(response).await.to_vec()).unwrap();
    let asked = executor.asked.lock().unwrap().pop();
    Shown { status, headers, html, variables: asked.map(|asked| asked["variables"].clone()) }
}
