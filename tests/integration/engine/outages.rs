//! The database goes away while a catalog is loaded, and comes back.

use std::{sync::Arc, time::Duration};

use callboard_catalog::{ingestion::EntityProviderMutation, processing::DeferredEntity};
use callboard_store::{DatabaseConfig, PostgresConfig};
use callboard_tests::{
    engine::{EngineDatabase, EngineSetup, RunningEngine, ScriptedProvider, deferred, uids},
    postgres::PostgresServer,
};
use serde_json::json;
use tokio::{sync::watch, task::JoinSet};

fn service(number: usize) -> DeferredEntity {
    let spec = json!({"type": "service", "lifecycle": "production", "owner": "crew"});
    deferred("Component", &format!("service-{number}"), &spec, "url:https://p.example/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_database_loses_nothing_that_was_acknowledged_and_stops_no_reads() {
    let test = "engine::outages::a_restarted_database_loses_nothing_that_was_acknowledged";
    let Some(mut server) = PostgresServer::start(test) else { return };
    let config =
        PostgresConfig { connect_deadline: Duration::from_secs(1), ..server.config("callboard") };
    let database = EngineDatabase::at(DatabaseConfig::Postgres(config));
    let provider = ScriptedProvider::new("p");
    let setup = EngineSetup::default().with(&provider);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.ingesting().await;

    // A writer that counts what was acknowledged.
    let (acknowledged, mut count) = watch::channel(0);
    let mut writer = JoinSet::new();
    let speaker = Arc::clone(&provider);
    writer.spawn(async move {
        for number in 0.. {
            let added = vec![service(number)];
            let delta = EntityProviderMutation::Delta { added, removed: Vec::new() };
            // A mutation whose outcome is unknown is said again, as providers do.
            while speaker.apply(delta.clone()).await.is_err() {}
            acknowledged.send_replace(number + 1);
        }
    });
    for end in [PostgresServer::stop, PostgresServer::crash] {
        let so_far = *count.borrow();
        count.wait_for(|count| *count >= so_far + 20).await.unwrap();
        end(&mut server).unwrap();
        let before = *count.borrow();
        assert!(uids(&engine.reader()).len() >= before, "reads go on");
        assert!(engine.engine().status().borrow().is_ready);
        server.restart().unwrap();
        assert!(uids(&engine.reader()).len() >= before);
        let more = count.wait_for(|count| *count >= before + 20);
        let resumed = tokio::time::timeout(callboard_tests::engine::DEADLINE, more).await;
        drop(resumed.expect("ingestion never comes back").unwrap());
    }
    writer.shutdown().await;
    let (promised, known) = (*count.borrow(), uids(&engine.reader()));
    engine.kill().await;

    let engine = RunningEngine::start(&database, &setup).await;
    let served = |number: usize| format!("component:default/service-{number}");
    engine.entity(&served(promised - 1)).await;
    let again = uids(&engine.reader());
    for number in 0..promised {
        let entity_ref = served(number);
        assert!(again.contains_key(&entity_ref), "{entity_ref} was acknowledged");
        assert_eq!(again.get(&entity_ref), known.get(&entity_ref));
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_ends_in_time_while_its_database_is_away() {
    let test = "engine::outages::an_engine_ends_in_time_while_its_database_is_away";
    let Some(mut server) = PostgresServer::start(test) else { return };
    let config =
        PostgresConfig { connect_deadline: Duration::from_secs(1), ..server.config("callboard") };
    let database = EngineDatabase::at(DatabaseConfig::Postgres(config));
    let folder = super::fixture::Folder::with(&[("a.yaml", &super::fixture::component("a"))]);
    let provider = ScriptedProvider::new("p");
    let setup = EngineSetup::files(&[&folder.path("a.yaml")]).with(&provider);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.entity("component:default/a").await;
    server.crash().unwrap();
    // Reading the Location's text and writing what came of it both wait for the database.
    folder.save("a.yaml", &super::fixture::titled("a", "new"));
    let key = format!("file:{}", folder.path("a.yaml"));
    provider.refresh(&[&key]).await;
    let begun = tokio::time::Instant::now();
    engine.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(10), "it took {:?}", begun.elapsed());
}
