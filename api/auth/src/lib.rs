//! Who asks, and what that caller may read: principals, static tokens and the permission policy.
//!
//! Refusal is the default. No framework and no SQL here: the transports find the credentials, the
//! store keeps what must be durable.

mod authorized_catalog;
mod permission;
mod principal;
mod static_token;

pub use authorized_catalog::AuthorizedEntitiesCatalog;
pub use permission::{Decision, Permission, PermissionPolicy, StaticPolicy};
pub use principal::{AccessRestriction, Caller, Principal, SignInMethod};
pub use static_token::{StaticToken, StaticTokenError, StaticTokens};
