//! Backstage's wire, asked over HTTP. The expected answers are those that a Backstage 1.55 backend
//! gave to the same requests over the same descriptors, unless a test says what was mended.

#[cfg(test)]
#[path = "rest/batches.rs"]
mod batches;
#[cfg(test)]
#[path = "rest/callers.rs"]
mod callers;
#[cfg(test)]
#[path = "rest/estate.rs"]
mod estate;
#[cfg(test)]
#[path = "rest/filters.rs"]
mod filters;
#[cfg(test)]
#[path = "rest/pages.rs"]
mod pages;
#[cfg(test)]
#[path = "rest/wire.rs"]
mod wire;
