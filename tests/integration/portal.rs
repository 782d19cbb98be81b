//! The portal over the real GraphQL API and a real index: what its own tests, over recorded
//! answers, cannot see.

#[cfg(test)]
#[path = "portal/pages.rs"]
mod pages;
#[cfg(test)]
#[path = "portal/site.rs"]
mod site;
