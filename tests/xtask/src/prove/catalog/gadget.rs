//! A kind of an organisation's own, from configuration alone.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use crate::{
    lab::{Client, Database, Lab, Launch, serve_config, wait_until},
    prove::outcome::{Figures, Outcome},
};

const DESCRIPTORS: &str = "\
apiVersion: acme.example/v1
kind: Gadget
metadata: { name: sprocket, title: The sprocket, tags: [brass] }
spec: { owner: makers, partOf: workshop, teeth: 12 }
---
apiVersion: acme.example/v1
kind: Gadget
metadata: { name: toothless }
spec: { owner: makers, partOf: workshop, teeth: none }
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: makers }
spec: { type: team, children: [] }
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: { name: workshop }
spec: { owner: makers }
";

fn kind() -> Value {
    json!({
        "kind": "Gadget",
        "apiVersions": ["acme.example/v1"],
        "schema": {
            "$schema": "http://json-schema.org/draft-07/schema",
            "type": "object",
            "required": ["spec"],
            "properties": { "spec": {
                "type": "object",
                "required": ["owner", "teeth"],
                "properties": {
                    "owner": { "type": "string", "minLength": 1 },
                    "partOf": { "type": "string", "minLength": 1 },
                    "teeth": { "type": "integer", "minimum": 1 },
                },
            } },
        },
        "relations": [
            { "field": "spec.owner", "defaultKind": "Group", "type": "ownedBy", "inverse": "ownerOf" },
            { "field": "spec.partOf", "defaultKind": "System", "type": "partOf", "inverse": "hasPart" },
        ],
    })
}

/// Validated, related both ways, faceted and searched.
pub(crate) fn gadget(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let room = lab.room("gadget")?;
    let file = room.join("gadgets.yaml");
    fs::write(&file, DESCRIPTORS)?;
    let database = lab.empty_database(Database::Sqlite, &room)?;
    let mut config = serve_config(&database, &file);
    let allowed = json!([{ "allow": ["Gadget", "Group", "System", "Location"] }]);
    if let Some(rules) = config.pointer_mut("/catalog/rules") {
        *rules = allowed;
    }
    if let Some(callboard) = config.pointer_mut("/callboard").and_then(Value::as_object_mut) {
        callboard.insert("kinds".to_owned(), json!([kind()]));
    }
    let started = Launch::serve(&lab.callboard()?, &room, &config)?.ready()?;
    let mut client = started.server.client();
    let limit = Duration::from_secs(10);
    let gadget = wait_until("the gadget", limit, Duration::from_millis(20), || {
        let path = "/api/catalog/entities/by-name/gadget/default/sprocket";
        let response = client.get(path)?;
        (response.status == 200).then(|| response.json()).transpose()
    })?;
    let mut figures = Figures::default();
    figures.must("related", lacks(&gadget, &["ownedBy", "partOf"]));
    rest(&mut client, &mut figures)?;
    graphql(&mut client, &mut figures)?;
    Ok(figures.outcome())
}

fn lacks(entity: &Value, types: &[&str]) -> Option<String> {
    let relations = entity.get("relations").map(Value::to_string).unwrap_or_default();
    let missing: Vec<&&str> =
        types.iter().filter(|it| !relations.contains(&format!("\"{it}\""))).collect();
    (!missing.is_empty()).then(|| format!("no {missing:?} in {relations}"))
}

fn rest(client: &mut Client, figures: &mut Figures) -> anyhow::Result<()> {
    for (path, relation) in
        [("group/default/makers", "ownerOf"), ("system/default/workshop", "hasPart")]
    {
        let entity = client.get_json(&format!("/api/catalog/entities/by-name/{path}"))?;
        figures.must(&format!("{relation} on {path}"), lacks(&entity, &[relation]));
    }
    let refused = client.get("/api/catalog/entities/by-name/gadget/default/toothless")?.status;
    let accepted = (refused != 404).then(|| format!("the wrong one answers {refused}"));
    figures.must("validated", accepted);
    let facets = client.get_json("/api/catalog/entity-facets?facet=spec.teeth")?;
    let count = facets.pointer("/facets/spec.teeth/0/count").and_then(Value::as_u64);
    figures.must("faceted by REST", (count != Some(1)).then(|| facets.to_string()));
    let found = client.get_json(
        "/api/catalog/entities/by-query?fullTextFilterTerm=sprocket\
        &fullTextFilterFields=metadata.name",
    )?;
    let total = found.get("totalItems").and_then(Value::as_u64);
    figures.must("searched by REST", (total != Some(1)).then(|| found.to_string()));
    Ok(())
}

fn graphql(client: &mut Client, figures: &mut Figures) -> anyhow::Result<()> {
    let query = "{ entity(ref: \"gadget:default/sprocket\") { __typename ref owner { ref } \
        ... on CustomEntity { spec related(relation: \"partOf\", first: 5) { nodes { ref } } } } \
        facets(fields: [\"spec.teeth\"]) { field values { value count } } \
        search(text: \"sprocket\", first: 5) { totalCount } }";
    let data = client.graphql(query, &json!({}))?;
    let at = |pointer: &str| data.pointer(pointer).cloned().unwrap_or_default();
    let expected = [
        ("/entity/__typename", json!("CustomEntity")),
        ("/entity/owner/ref", json!("group:default/makers")),
        ("/entity/spec/teeth", json!(12)),
        ("/entity/related/nodes/0/ref", json!("system:default/workshop")),
        ("/facets/0/values/0/value", json!("12")),
        ("/search/totalCount", json!(1)),
    ];
    for (pointer, value) in expected {
        let found = at(pointer);
        let problem = (found != value).then(|| format!("{found} instead of {value}"));
        figures.must(&format!("GraphQL {pointer}"), problem);
    }
    Ok(())
}
