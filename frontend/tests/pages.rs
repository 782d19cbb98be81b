//! The pages, over an API that answers what the real one answered.
//!
//! The files in `recorded/` are answers of the real `/graphql`, over the example estate, to the
//! very documents of the pages (with fewer rows, so that they can be read). The real service is
//! not used: the portal may know the API by its schema alone, and recordings can be spoilt on
//! purpose, which the tests of hostile input do.
#![cfg(test)]

#[path = "pages/clusters.rs"]
mod clusters;
#[path = "pages/escaping.rs"]
mod escaping;
#[path = "pages/html.rs"]
mod html;
#[path = "pages/mesh.rs"]
mod mesh;
#[path = "pages/portal.rs"]
mod portal;
#[path = "pages/refusing.rs"]
mod refusing;
#[path = "pages/rendering.rs"]
mod rendering;
