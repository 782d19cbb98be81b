//! The life of one entity, step by step.
