//! `/`: what this is, for everybody.

use actix_web::{http::StatusCode, web};
use askama::Template;
use callboard_http::{Answer, Public};

use crate::frame::{self, Frame, Portal};

#[derive(Debug, Template)]
#[template(path = "start/start.html")]
struct StartPage {
    frame: Frame,
}

/// `GET /`.
pub(crate) async fn page(_: Public, portal: web::Data<Portal>) -> Answer {
    frame::answer(StatusCode::OK, &StartPage { frame: Frame::new(&portal, "/") })
}
