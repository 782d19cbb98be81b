//! Callboard: the composition root.

fn main() {}
