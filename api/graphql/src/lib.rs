//! The GraphQL schema of Callboard.
