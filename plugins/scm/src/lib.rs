//! Where descriptors come from: files and URLs.

mod integration;

pub use integration::{Integration, IntegrationCredentials, IntegrationKind};
