//! One page for everything that goes wrong.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use callboard_http::{ApiError, ErrorClass, shown_message};

use crate::frame::{self, Frame, Portal, PortalAccess};

#[derive(Debug, Template)]
#[template(path = "error_page.html")]
struct ErrorPage {
    frame: Frame,
    title: &'static str,
    message: String,
    next: &'static str,
}

/// What the reader of a page sees of an error.
pub(crate) fn render(request: &HttpRequest, error: &ApiError) -> HttpResponse {
    let unnamed = Portal { title: "Callboard".into(), access: PortalAccess::Credentials };
    let portal = request.app_data::<web::Data<Portal>>().map_or(&unnamed, |portal| portal.as_ref());
    let (title, next) = words(error.class());
    let status = error.class().status();
    let message = shown_message(request, error);
    let page = ErrorPage { frame: Frame::new(portal, ""), title, message, next };
    let mut answer = frame::answer(status, &page)
        .unwrap_or_else(|_| HttpResponse::build(StatusCode::INTERNAL_SERVER_ERROR).finish());
    let headers = answer.headers_mut();
    if error.class() == ErrorClass::Unauthenticated {
        let scheme = header::HeaderValue::from_static("Bearer");
        headers.insert(header::WWW_AUTHENTICATE, scheme);
    }
    if let Some(seconds) = error.retry_after() {
        headers.insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    }
    answer
}

/// A title, and what to do next.
fn words(class: ErrorClass) -> (&'static str, &'static str) {
    match class {
        ErrorClass::Unauthenticated => (
            "You are not signed in",
            "This portal answers callers with a token, sent as “Authorization: Bearer …”. Ask \
             your platform team for one.",
        ),
        ErrorClass::NotAllowed => (
            "You may not see this",
            "Your token is for other parts of the portal. Ask your platform team for one that \
             reads the catalog.",
        ),
        ErrorClass::NotFound => (
            "Not found",
            "It does not exist, or you may not read it. Look for it in the catalog, or among the \
             problems if its descriptor was never read without errors.",
        ),
        ErrorClass::Input => (
            "This address does not work",
            "Something in it is not what this page takes. Start from the catalog and filter anew.",
        ),
        ErrorClass::Unavailable | ErrorClass::RateLimited => {
            ("Not right now", "Try again in a moment.")
        }
        _ => (
            "Something went wrong",
            "It is our fault. If it stays, tell your platform team the request id.",
        ),
    }
}
