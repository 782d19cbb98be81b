//! Attacks, by their numbers in the threat model: each file is one, each test a variant or a group
//! of spellings of one.

#[cfg(test)]
#[path = "attacks/a04_outgoing_requests.rs"]
mod a04_outgoing_requests;
