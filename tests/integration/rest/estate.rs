//! Eight entities, as a Backstage backend stitched them, behind the real routes.

use std::sync::Arc;

use actix_web::{
    App,
    http::{Method, header::HeaderMap},
    middleware::from_fn,
    test, web,
};
use callboard_auth::{
    AccessRestriction, AuthorizedEntitiesCatalog, StaticPolicy, StaticToken, StaticTokens,
};
use callboard_catalog::{
    entities_catalog::EntitiesCatalog,
    final_entity::{FinalEntity, FinalState},
    index::{CatalogReader, EntityIndex, IndexBuilder},
    query::ReadCondition,
};
use callboard_http::{AnonymousAccess, Credentials, shell};
use callboard_model::EntityRef;
use callboard_rest::{HealthProbe, HealthStatus, RestState};
use serde_json::{Value, json};

/// The Location that the others came from.
pub(crate) const LOCATION: &str = "generated-414f006c44e728733b1753a7aa4f72f330b57b9c";

/// The uid of `component:default/pay-svc`.
pub(crate) const PAY_SVC_UID: &str = "1526f787-d325-4971-ae14-81c317514bee";

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// No credentials, outside the demo.
    Anonymous,
    /// No credentials, in the demo.
    Guest,
    /// A token that may do everything.
    Token,
    /// A token for the plugin `catalog`.
    CatalogToken,
    /// A token for `catalog.entity.read` of the plugin `catalog`.
    ReaderToken,
    /// A token for another permission of the plugin `catalog`.
    RefresherToken,
    /// A token for another plugin.
    OtherToken,
    /// A token that is not ours.
    BadToken,
    /// A token that is not ours, in the demo.
    BadTokenOfGuest,
}

impl Who {
    /// Everybody.
    pub(crate) const ALL: [Self; 9] = [
        Self::Anonymous,
        Self::Guest,
        Self::Token,
        Self::CatalogToken,
        Self::ReaderToken,
        Self::RefresherToken,
        Self::OtherToken,
        Self::BadToken,
        Self::BadTokenOfGuest,
    ];

    fn token(self) -> Option<&'static str> {
        match self {
            Self::Anonymous | Self::Guest => None,
            Self::Token => Some("token-unrestricted"),
            Self::CatalogToken => Some("token-catalog"),
            Self::ReaderToken => Some("token-reader"),
            Self::RefresherToken => Some("token-refresher"),
            Self::OtherToken => Some("token-other"),
            Self::BadToken | Self::BadTokenOfGuest => Some("token-of-nobody"),
        }
    }

    fn credentials(self) -> Credentials {
        let restricted = |token: &str, plugin: &str, permissions: &[&str]| {
            let permissions = permissions.iter().map(|name| Box::from(*name)).collect();
            let restriction = AccessRestriction { plugin: plugin.into(), permissions };
            StaticToken::new(token, token, Some([restriction].into())).unwrap()
        };
        let tokens = vec![
            StaticToken::new("token-unrestricted", "all", None).unwrap(),
            restricted("token-catalog", "catalog", &[]),
            restricted("token-reader", "catalog", &["catalog.entity.read"]),
            restricted("token-refresher", "catalog", &["catalog.entity.refresh"]),
            restricted("token-other", "search", &[]),
        ];
        let anonymous = match self {
            Self::Guest | Self::BadTokenOfGuest => AnonymousAccess::Guest,
            _ => AnonymousAccess::Refused,
        };
        Credentials::new(StaticTokens::new(tokens), anonymous)
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// `error.message` of a refusal with the status 400.
    pub(crate) fn refusal(&self) -> String {
        let body = self.json();
        assert_eq!((self.status, &body["error"]["name"]), (400, &json!("InputError")), "{body}");
        body["error"]["message"].as_str().unwrap().to_owned()
    }
}

/// A request.
#[derive(Debug)]
pub(crate) struct Ask {
    who: Who,
    method: Method,
    uri: String,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
}

impl Ask {
    /// `GET` of a path below `/api/catalog`, with the unrestricted token.
    pub(crate) fn get(path: &str) -> Self {
        Self::of(Method::GET, &format!("/api/catalog{path}"))
    }

    /// `POST` of JSON to a path below `/api/catalog`, with the unrestricted token.
    pub(crate) fn post(path: &str, body: &Value) -> Self {
        let ask = Self::of(Method::POST, &format!("/api/catalog{path}"));
        ask.body("application/json", &body.to_string())
    }

    /// Any request, with the unrestricted token.
    pub(crate) fn of(method: Method, uri: &str) -> Self {
        Self { who: Who::Token, method, uri: uri.to_owned(), headers: Vec::new(), body: None }
    }

    pub(crate) fn by(mut self, who: Who) -> Self {
        self.who = who;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, content_type: &str, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self.header("content-type", content_type)
    }

    /// The answer.
    pub(crate) async fn reply(self) -> Reply {
        let index = Arc::new(IndexBuilder::build(1, entities()));
        let catalog =
            AuthorizedEntitiesCatalog::new(Arc::new(Fixed(index)), Arc::new(StaticPolicy));
        let state = RestState::new(catalog, HealthProbe::new(|| HealthStatus::Ready));
        let app = App::new()
            .app_data(web::Data::new(self.who.credentials()))
            .wrap(from_fn(shell))
            .configure(|config| state.configure(config));
        let app = test::init_service(app).await;
        let mut request = test::TestRequest::with_uri(&self.uri).method(self.method);
        if let Some(token) = self.who.token() {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        for header in self.headers {
            request = request.insert_header(header);
        }
        if let Some(body) = self.body {
            request = request.set_payload(body);
        }
        let answer = test::call_service(&app, request.to_request()).await;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = String::from_utf8(test::read_body(answer).await.to_vec()).unwrap();
        Reply { status, headers, body }
    }
}

/// The refs of some entities, short: `Component:default/Pay-Svc`.
pub(crate) fn names(entities: &Value) -> Vec<String> {
    let name = |entity: &Value| {
        let text = |pointer| entity.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
        format!("{}:{}/{}", text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
    };
    entities.as_array().unwrap_or_else(|| panic!("{entities}")).iter().map(name).collect()
}

/// One snapshot that never changes.
#[derive(Debug)]
struct Fixed(Arc<EntityIndex>);

impl EntitiesCatalog for Fixed {
    fn reader(&self, condition: &ReadCondition) -> CatalogReader {
        CatalogReader::new(Arc::clone(&self.0), condition)
    }
}

/// The entities, one a line, as the backend served them; `broken` never processed.
const ENTITIES: &str = include_str!("entities.ndjson");

fn entities() -> Vec<FinalEntity> {
    ENTITIES.lines().map(entity).collect()
}

fn entity(body: &str) -> FinalEntity {
    let entity: Value = serde_json::from_str(body).unwrap();
    let text = |pointer| entity.pointer(pointer).and_then(Value::as_str).unwrap();
    let name = text("/metadata/name");
    FinalEntity {
        entity_ref: EntityRef::new(text("/kind"), text("/metadata/namespace"), name),
        entity_id: text("/metadata/uid").into(),
        state: if name == "broken" { FinalState::Failed } else { FinalState::Completed },
        body: body.into(),
        parents: match name {
            LOCATION => Arc::new([]),
            _ => [EntityRef::new("location", "default", LOCATION)].into(),
        },
    }
}
