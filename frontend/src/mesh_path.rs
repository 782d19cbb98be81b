//! `/mesh/path`: how calls get from one entity to another, hop by hop.

mod document;
mod view;

use actix_web::{HttpRequest, http::StatusCode, web};
use callboard_http::{Answer, Authorized, CatalogEntityRead, ErrorClass, GraphqlExecutor};
use chrono::Utc;
use url::form_urlencoded;

use self::{
    document::{MeshPath, Variables},
    view::{MeshPathPage, Question},
};
use crate::{
    frame::{self, Frame, Portal},
    gateway,
};

/// `GET /mesh/path`.
pub(crate) async fn page(
    guard: Authorized<CatalogEntityRead>,
    request: HttpRequest,
    portal: web::Data<Portal>,
    executor: web::Data<dyn GraphqlExecutor>,
) -> Answer {
    let question = question(request.query_string());
    if question.from.is_empty() || question.to.is_empty() {
        let frame = Frame::new(&portal, "/mesh");
        return frame::answer(StatusCode::OK, &MeshPathPage::asking(frame, question, None));
    }
    let variables = Variables { from: question.from.clone(), to: question.to.clone() };
    let found = gateway::execute_partial::<MeshPath>(&**executor, &guard.caller, variables).await;
    let found = match found {
        // What was typed is no ref: say so beside the fields.
        Err(error) if error.class() == ErrorClass::Input => {
            let frame = Frame::new(&portal, "/mesh");
            let page = MeshPathPage::asking(frame, question, Some(error.to_string()));
            return frame::answer(StatusCode::BAD_REQUEST, &page);
        }
        found => found?,
    };
    let viewer = found.data.viewer.display_name.clone();
    let frame = Frame::of_query(&portal, "/mesh", viewer, found.query_url);
    let page = MeshPathPage::new((frame, found.gaps), question, found.data, Utc::now());
    frame::answer(StatusCode::OK, &page)
}

/// What the URL asks. A kind that is left out is `component`.
fn question(query: &str) -> Question {
    let mut question = Question::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = value.trim();
        let is_whole = value.is_empty() || value.contains(':');
        let value = if is_whole { value.to_owned() } else { format!("component:{value}") };
        match &*name {
            "from" => question.from = value,
            "to" => question.to = value,
            _ => {}
        }
    }
    question
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_is_a_component() {
        let asked = question("from=pay&to=resource%3Adk%2Fdb&x=y");
        assert_eq!((asked.from.as_str(), asked.to.as_str()), ("component:pay", "resource:dk/db"));
        assert_eq!(question("from=+").from, "");
    }
}
