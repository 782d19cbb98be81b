//! What becomes of entities when sources emit, change their minds, collide and go: the rules of
//! Backstage's `refresh_state`, on plain data.

#![expect(clippy::unwrap_used, reason = "a test may fail wherever it finds something wrong")]

use std::{collections::HashMap, sync::Arc};

use callboard_catalog::{
    processing::BrokenSources,
    refresh_graph::{Digest, Emission, Emitted, Processed, RefId, RefreshGraph, Scope},
    stitching::CompletedJson,
};
use callboard_model::{Entity, EntityRef, Relation};

const RULES: &str = "rules-1";

fn entity_ref(text: &str) -> EntityRef {
    EntityRef::from_canonical(text).unwrap()
}

/// An entity at `text`, written by `key`, whose content is `content`.
fn emitted(text: &str, key: &str, content: &str) -> Emitted {
    let json = format!(r#"{{"kind":"{text}","spec":"{content}"}}"#);
    let entity: Entity = serde_json::from_str(&json).unwrap();
    let owner = entity_ref("group:default/owners");
    let relation = |source: &EntityRef, kind: &str, target: &EntityRef| Relation {
        source: source.clone(),
        kind: kind.into(),
        target: target.clone(),
    };
    let this = entity_ref(text);
    let processed = Processed {
        completed: Some(CompletedJson::of(&entity)),
        relations: vec![relation(&this, "ownedBy", &owner), relation(&owner, "ownerOf", &this)],
        ..Processed::default()
    };
    Emitted {
        entity_ref: this,
        new_id: format!("uid of {text}").into(),
        location_key: Some(key.into()),
        unprocessed_hash: Digest::of([json.as_bytes()]),
        unprocessed: json.into(),
        processed: (!text.starts_with("location:")).then(|| Box::new(processed)),
    }
}

fn location(children: Vec<Emitted>, scope: Scope) -> Processed {
    let entity: Entity = serde_json::from_str(r#"{"kind":"Location"}"#).unwrap();
    Processed {
        completed: Some(CompletedJson::of(&entity)),
        emission: Some(Emission { entities: children, scope, broken: BrokenSources::default() }),
        ..Processed::default()
    }
}

/// A graph with one root Location that emits `children`.
fn graph(children: Vec<Emitted>) -> (RefreshGraph, RefId) {
    let mut graph = RefreshGraph::default();
    let root = emitted("location:default/root", "config", "root");
    graph.replace_roots(&"config".into(), vec![root]);
    let root = graph.id(&entity_ref("location:default/root")).unwrap();
    graph.record(root, location(children, Scope::Everything));
    (graph, root)
}

fn id(graph: &RefreshGraph, text: &str) -> RefId {
    graph.id(&entity_ref(text)).unwrap()
}

fn has(graph: &RefreshGraph, text: &str) -> bool {
    graph.id(&entity_ref(text)).is_some_and(|id| graph.node(id).is_some())
}

#[test]
fn an_entity_is_an_orphan_when_its_last_parent_no_longer_emits_it() {
    let a = || emitted("component:default/a", "file:/a", "1");
    let (mut graph, root) = graph(vec![a()]);
    graph.take_staged();
    graph.record(root, location(Vec::new(), Scope::Everything));
    let a_id = id(&graph, "component:default/a");
    assert!(graph.node(a_id).unwrap().is_orphan());
    assert!(graph.staged().stitch.contains(&a_id));
    assert_eq!(graph.orphans(), [a_id]);

    graph.record(root, location(vec![a()], Scope::Everything));
    assert!(!graph.node(a_id).unwrap().is_orphan(), "it is adopted again");
    assert_eq!(&*graph.node(a_id).unwrap().entity_id, "uid of component:default/a");
}

#[test]
fn the_first_owner_keeps_an_entity_and_the_loser_gets_it_when_the_owner_goes() {
    let first = emitted("component:default/a", "file:/first", "1");
    let second = || emitted("component:default/a", "file:/second", "2");
    let mut graph = RefreshGraph::default();
    let roots = ["location:default/one", "location:default/two"];
    graph.replace_roots(
        &"config".into(),
        roots.iter().map(|root| emitted(root, root, "")).collect(),
    );
    let (one, two) = (id(&graph, roots[0]), id(&graph, roots[1]));
    graph.record(one, location(vec![first], Scope::Everything));
    graph.record(two, location(vec![second()], Scope::Everything));
    let conflict = &graph.node(two).unwrap().conflicts[0];
    assert_eq!((&*conflict.location_key, &*conflict.owner_key), ("file:/second", "file:/first"));

    graph.take_staged();
    graph.record(one, location(Vec::new(), Scope::Everything));
    graph.delete(id(&graph, "component:default/a"));
    assert!(graph.take_due().contains(&two), "the loser is processed again");
    graph.record(two, location(vec![second()], Scope::Everything));
    let a = id(&graph, "component:default/a");
    assert_eq!(graph.node(a).unwrap().location_key.as_deref(), Some("file:/second"));
    assert!(graph.node(two).unwrap().conflicts.is_empty());
}

#[test]
fn a_ref_that_stands_twice_in_a_file_is_a_conflict_with_itself() {
    let twins = vec![
        emitted("component:default/a", "file:/a", "1"),
        emitted("component:default/a", "file:/a", "2"),
    ];
    let (graph, root) = graph(twins);
    let conflict = &graph.node(root).unwrap().conflicts[0];
    assert_eq!(conflict.location_key, conflict.owner_key);
}

#[test]
fn what_a_provider_takes_back_goes_with_all_that_only_it_emitted() {
    let shared = || emitted("component:default/shared", "file:/shared", "");
    let own = emitted("component:default/own", "file:/own", "");
    let (mut graph, _) = graph(vec![shared(), own]);
    let other = emitted("location:default/other", "other", "");
    graph.change_roots(&"config".into(), vec![other], &[]);
    let other = id(&graph, "location:default/other");
    graph.record(other, location(vec![shared()], Scope::Everything));
    graph.change_roots(&"config".into(), Vec::new(), &[entity_ref("location:default/root")]);
    assert!(!has(&graph, "location:default/root") && !has(&graph, "component:default/own"));
    assert!(has(&graph, "component:default/shared"));
}

#[test]
fn locations_that_only_emit_each_other_go() {
    let loop_back = || emitted("location:default/root", "config", "root");
    let child = emitted("location:default/child", "file:/child", "");
    let (mut graph, _) = graph(vec![child]);
    let child = id(&graph, "location:default/child");
    graph.record(child, location(vec![loop_back()], Scope::Everything));
    graph.replace_roots(&"config".into(), Vec::new());
    assert!(graph.is_empty());
}

#[test]
fn a_refresh_of_one_file_leaves_the_other_files_children_alone() {
    let of = |name: &str, file: &str| emitted(&format!("component:default/{name}"), file, "1");
    let (mut graph, root) =
        graph(vec![of("a", "file:/a"), of("a2", "file:/a"), of("b", "file:/b")]);
    graph.take_staged();
    let scope = Scope::Keys(["file:/a".into()].into());
    graph.record_files(root, location(vec![of("a", "file:/a")], scope));
    assert!(graph.node(id(&graph, "component:default/a2")).unwrap().is_orphan());
    assert!(!graph.node(id(&graph, "component:default/b")).unwrap().is_orphan());
    assert!(!graph.staged().stitch.contains(&id(&graph, "component:default/a")), "unchanged");
}

#[test]
fn a_relation_that_two_entities_declare_goes_with_the_last_of_them() {
    let (mut graph, root) = graph(vec![
        emitted("component:default/a", "file:/a", ""),
        emitted("component:default/b", "file:/b", ""),
    ]);
    let owners = id(&graph, "group:default/owners");
    assert_eq!(graph.relations_of(owners).len(), 2);
    graph.record(
        root,
        location(vec![emitted("component:default/a", "file:/a", "")], Scope::Everything),
    );
    graph.delete(id(&graph, "component:default/b"));
    let left = graph.relations_of(owners);
    assert_eq!(
        left.iter().map(|(_, target)| target.as_str()).collect::<Vec<_>>(),
        ["component:default/a"]
    );
}

#[test]
fn an_unchanged_entity_stages_nothing() {
    let a = || emitted("component:default/a", "file:/a", "1");
    let (mut graph, root) = graph(vec![a()]);
    graph.take_staged();
    graph.record(root, location(vec![a()], Scope::Everything));
    assert!(graph.staged().stitch.is_empty() && graph.staged().unprocessed.is_empty());
}

#[test]
fn rows_restore_the_same_graph_and_other_rules_make_everything_due() {
    let (mut graph, root) = graph(vec![
        emitted("component:default/a", "file:/a", "1"),
        emitted("component:default/a", "file:/a", "2"),
    ]);
    let reads = HashMap::from([(Arc::from("file:/a"), Some(Arc::from("hash")))]);
    let again = location(vec![emitted("component:default/a", "file:/a", "1")], Scope::Everything);
    graph.record_files(root, Processed { reads, ..again });
    let rows = |graph: &RefreshGraph| {
        let mut rows: Vec<_> = graph.nodes().filter_map(|(id, _)| graph.row(id, RULES)).collect();
        rows.sort_by(|one, other| one.entity_ref.cmp(&other.entity_ref));
        rows
    };
    let written = rows(&graph);
    let mut restored = RefreshGraph::default();
    restored.restore(written.clone(), RULES).unwrap();
    restored.finish_restore();
    assert_eq!(rows(&restored), written);
    assert!(restored.take_due().is_empty() && restored.staged().is_empty());
    let owners = id(&restored, "group:default/owners");
    assert_eq!(restored.relations_of(owners).len(), 1);
    let root = id(&restored, "location:default/root");
    assert_eq!(restored.node(root).unwrap().children.len(), 1);

    let mut other = RefreshGraph::default();
    other.restore(written, "rules-2").unwrap();
    other.finish_restore();
    assert_eq!(other.take_due().len(), 2);
}
