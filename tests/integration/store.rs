//! What [`CatalogStore`](callboard_catalog::store::CatalogStore) promises, on each database.
//!
//! The peer is a real PostgreSQL: locks, notices and restarts are what is tested here.

#[cfg(test)]
mod store {
    mod commits;
    mod connecting;
    mod dependency_facts;
    mod faults;
    mod fixture;
    mod followers;
    mod leases;
    mod texts;
}
