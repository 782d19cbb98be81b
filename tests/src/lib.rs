//! Integration, architecture and attack tests.
