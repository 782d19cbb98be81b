//! Attacks, by their numbers in the threat model: each file is one, each test a variant or a group
//! of spellings of one.

#[cfg(test)]
#[path = "attacks/a04_outgoing_requests.rs"]
mod a04_outgoing_requests;

#[cfg(test)]
#[path = "attacks/a05_placeholder_traversal.rs"]
mod a05_placeholder_traversal;

#[cfg(test)]
#[path = "attacks/a06_forbidden_kinds.rs"]
mod a06_forbidden_kinds;

#[cfg(test)]
#[path = "attacks/a09_script_links.rs"]
mod a09_script_links;

#[cfg(test)]
#[path = "attacks/a11_yaml_bombs.rs"]
mod a11_yaml_bombs;
