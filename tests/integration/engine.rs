//! The whole engine, scenario by scenario: real files, real databases, what readers see.
//!
//! Peers: files in temporary folders, watched by the kernel; SQLite files and a real PostgreSQL;
//! for URLs a small server of the test, because what matters is when it answers and when not.

#[cfg(test)]
mod engine {
    mod conflicts;
    mod durability;
    mod fixture;
    mod floods;
    mod included;
    mod interleavings;
    mod links;
    mod mistakes;
    mod outages;
    mod providers;
    mod replicas;
    mod restarts;
    mod script;
    mod stores;
    mod targets;
    mod trees;
    mod vanished;
}
