//! What the store costs: `cargo run --release -p callboard-store --example load -- DATABASE COUNT CHUNK`.
//!
//! `DATABASE` is a file name, `:memory:` or `HOST:PORT/DATABASE` of a PostgreSQL server. Writes
//! `COUNT` entities of 2.4 KB in commits of `CHUNK`, then reads all back; prints time and this process's CPU
//! time for each (a server's is its own).
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a tool")]

use std::{sync::Arc, time::Instant};

use callboard_catalog::{
    final_entity::{FinalEntity, FinalState},
    store::{CatalogStore, Commit, FinalEntityChange, RefreshStateChange, RefreshStateRow},
};
use callboard_model::EntityRef;
use callboard_store::{DatabaseConfig, PostgresConfig, SqliteLocation, Store};
use futures_util::TryStreamExt;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [database, count, chunk] = arguments.as_slice() else {
        println!("usage: load DATABASE COUNT CHUNK");
        return;
    };
    let (count, chunk) = (count.parse::<usize>().unwrap(), chunk.parse::<usize>().unwrap());
    let mut clock = Laps::start();
    let store = Store::connect(&config(database)).await.unwrap();
    clock.lap("connect");
    let lease = store.acquire_lease(None).await.unwrap().unwrap();
    let commits: Vec<Commit> =
        (0..count).step_by(chunk).map(|from| commit(from, count.min(from + chunk))).collect();
    clock.lap("prepare");
    for commit in &commits {
        store.commit(lease.fence, commit).await.unwrap();
    }
    clock.lap("commit");
    let again = Commit {
        refresh_states: commits
            .iter()
            .flat_map(|commit| &commit.refresh_states)
            .map(|change| match change {
                RefreshStateChange::Put { row, .. } => {
                    RefreshStateChange::Put { row: row.clone(), unprocessed: None }
                }
                RefreshStateChange::Delete(entity_ref) => {
                    RefreshStateChange::Delete(entity_ref.clone())
                }
            })
            .collect(),
        final_entities: Vec::new(),
        cause: "refresh",
    };
    clock.lap("prepare");
    store.commit(lease.fence, &again).await.unwrap();
    clock.lap("update refresh states");
    let one = Commit { final_entities: commit(0, 1).final_entities, ..commit(0, 1) };
    store.commit(lease.fence, &one).await.unwrap();
    clock.lap("commit one");
    let (revision, chunks) = store.final_entities().await.unwrap();
    let (rows, bytes) = chunks
        .try_fold((0, 0), |(rows, bytes), chunk| async move {
            Ok((rows + chunk.len(), bytes + chunk.iter().map(|e| e.body.len()).sum::<usize>()))
        })
        .await
        .unwrap();
    clock.lap("final entities");
    println!("revision {revision}, {rows} entities, {} MB", bytes / 1_000_000);
    let states = store.refresh_states().await.unwrap();
    let rows = states.try_fold(0, |rows, chunk| async move { Ok(rows + chunk.len()) }).await;
    clock.lap("refresh states");
    println!("{} refresh states", rows.unwrap());
    store.close().await;
    clock.lap("close");
}

fn config(database: &str) -> DatabaseConfig {
    match database.split_once('/').filter(|(server, _)| server.contains(':')) {
        Some((server, name)) => {
            let (host, port) = server.split_once(':').unwrap();
            DatabaseConfig::Postgres(PostgresConfig {
                host: host.to_owned(),
                port: port.parse().unwrap(),
                database: name.to_owned(),
                ..PostgresConfig::default()
            })
        }
        None if database == ":memory:" => DatabaseConfig::Sqlite(SqliteLocation::Memory),
        None => DatabaseConfig::Sqlite(SqliteLocation::File(database.into())),
    }
}

fn commit(from: usize, to: usize) -> Commit {
    let mut commit = Commit { cause: "ingestion", ..Commit::default() };
    for number in from..to {
        // Names as scattered as real ones.
        let name = format!("service-{:016x}", (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let entity_ref = EntityRef::new("component", "default", &name);
        let row = RefreshStateRow {
            entity_ref: entity_ref.clone(),
            entity_id: format!("00000000-0000-4000-8000-{number:012}").into(),
            location_key: Some("url:https://example.com/org/repo/catalog-info.yaml".into()),
            unprocessed_hash: format!("{number:040}").into(),
            result_hash: Some(format!("{number:040}").into()),
            processing: format!("{{\"relations\":[\"{}\"]}}", "r".repeat(300)).into(),
            emitted_by: [Arc::from("entity:location:default/generated-1")].into(),
        };
        let unprocessed = Some(text(&name, 1600));
        let parent = EntityRef::from_canonical("location:default/generated-1").unwrap();
        commit.final_entities.push(FinalEntityChange::Put(FinalEntity {
            entity_ref,
            entity_id: Arc::clone(&row.entity_id),
            state: FinalState::Completed,
            body: text(&name, 2400),
            parents: [parent].into(),
        }));
        commit.refresh_states.push(RefreshStateChange::Put { row, unprocessed });
    }
    commit
}

fn text(name: &str, length: usize) -> Arc<str> {
    let mut text = format!("{{\"metadata\":{{\"name\":\"{name}\",\"description\":\"");
    while text.len() + 3 < length {
        text.push_str("a quick brown fox, ");
    }
    text.truncate(length - 3);
    text.push_str("\"}}");
    text.into()
}

struct Laps {
    wall: Instant,
    cpu: f64,
}

impl Laps {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_seconds() }
    }

    fn lap(&mut self, name: &str) {
        let cpu = cpu_seconds();
        println!("{name}: {:.3} s, {:.2} CPU-s", self.wall.elapsed().as_secs_f64(), cpu - self.cpu);
        *self = Self { wall: Instant::now(), cpu };
    }
}

/// User and system time of this process, from the kernel's ticks of 10 ms.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    fields.iter().skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}
