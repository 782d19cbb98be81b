//! Validating descriptors without a catalog.
