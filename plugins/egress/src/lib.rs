//! The one outgoing HTTP client.
