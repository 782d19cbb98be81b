//! The one outgoing HTTP client.
//!
//! Nothing else in the product opens an HTTP connection. Every hop of every request is checked:
//! scheme, user info, allow-list, port, and each address that the host's name resolves to. The name
//! is resolved once, and the connection goes to the very addresses that were checked.

mod address;
mod blocked;
mod client;
mod hop;
mod resolver;

pub use address::AddressClass;
pub use blocked::BlockedCounts;
pub use client::{EgressClient, EgressError};
pub use hop::{EgressPolicy, Reach};
pub use resolver::{Resolve, SystemResolver};
