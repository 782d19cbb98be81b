//! Ports and shared types of the plugins.
