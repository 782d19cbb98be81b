//! What stands around every page.

use std::{fmt, sync::Arc};

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use askama::Template;
use callboard_http::{ApiError, ErrorClass};

use crate::assets;

/// Pages take nothing from elsewhere and run no scripts.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the pages of one installation share.
#[derive(Debug, Clone)]
pub struct Portal {
    /// Its name, such as `app.title`.
    pub title: Arc<str>,
    /// Who may look.
    pub access: PortalAccess,
}

/// Who may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortalAccess {
    /// Those with credentials.
    Credentials,
    /// Everybody: the demo.
    Everybody,
}

/// What the layout shows.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) portal: Arc<str>,
    pub(crate) is_demo: bool,
    pub(crate) viewer: Option<String>,
    /// The path of the place in the navigation where this page belongs.
    place: &'static str,
    pub(crate) query_url: Option<String>,
    pub(crate) stylesheet: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) version: &'static str,
}

impl Frame {
    /// Around a page that asks nothing of the API.
    pub(crate) fn new(portal: &Portal, place: &'static str) -> Self {
        Self {
            portal: Arc::clone(&portal.title),
            is_demo: portal.access == PortalAccess::Everybody,
            viewer: None,
            place,
            query_url: None,
            stylesheet: assets::stylesheet(),
            icon: assets::icon(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// Around a page that was made of a query, as `viewer` sees it.
    pub(crate) fn of_query(
        portal: &Portal,
        place: &'static str,
        viewer: String,
        query_url: String,
    ) -> Self {
        Self { viewer: Some(viewer), query_url: Some(query_url), ..Self::new(portal, place) }
    }

    /// Whether the page belongs to the place at `path`.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        self.place == path
    }
}

/// The answer with a page in it. It is the caller's own: nothing in between may keep it, and the
/// browser asks again.
///
/// # Errors
///
/// [`ErrorClass::Internal`] if the template cannot be rendered.
pub(crate) fn answer(status: StatusCode, page: &impl Template) -> Result<HttpResponse, ApiError> {
    let body = page.render().map_err(internal)?;
    Ok(HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::VARY, "Authorization, Cookie"))
        .body(body))
}

/// An error that the reader cannot mend.
pub(crate) fn internal(error: impl fmt::Display) -> ApiError {
    ApiError::new(ErrorClass::Internal, error.to_string())
}
