//! What is known of clusters, from real API servers, through real faults.

#[cfg(test)]
#[path = "clusters/entries.rs"]
mod entries;
#[cfg(test)]
#[path = "clusters/faults.rs"]
mod faults;
#[cfg(test)]
#[path = "clusters/grants.rs"]
mod grants;
#[cfg(test)]
#[path = "clusters/hostile.rs"]
mod hostile;
#[cfg(test)]
#[path = "clusters/live.rs"]
mod live;
#[cfg(test)]
#[path = "clusters/objects.rs"]
mod objects;
#[cfg(test)]
#[path = "clusters/relists.rs"]
mod relists;
#[cfg(test)]
#[path = "clusters/snapshots.rs"]
mod snapshots;
#[cfg(test)]
#[path = "clusters/watched.rs"]
mod watched;
