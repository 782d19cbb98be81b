//! Principals, tokens and the permission policy.
