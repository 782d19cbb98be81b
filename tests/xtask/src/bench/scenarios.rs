//! The query set: what a front end asks, over and over, with other names each time.
//!
//! The lists are the same in every run for the same estate; cursors come from the server.

use anyhow::Context;
use serde_json::{Value, json};

use crate::lab::{
    Client, Manifest, graphql_facets, graphql_pages, graphql_searches, percent_encoded,
};

/// How many requests a scenario with varying names has.
const REQUESTS: usize = 200;

/// The start of a query.
const BY_QUERY: &str = "/api/catalog/entities/by-query?";

/// Components in the order of their names.
const COMPONENTS: &str = "filter=kind=component&orderField=metadata.name,asc";

/// One request of a scenario.
#[derive(Debug, Clone)]
enum Ask {
    Get(String),
    Post(String, Value),
    /// With `Accept-Encoding: gzip`, as browsers and node ask.
    Compressed(Box<Ask>),
}

impl Ask {
    fn bytes(&self, client: &Client) -> Vec<u8> {
        match self {
            Self::Get(path) => client.request("GET", path, None),
            Self::Post(path, body) => {
                client.request("POST", path, Some(body.to_string().as_bytes()))
            }
            Self::Compressed(ask) => {
                let plain = ask.bytes(client);
                let line_end = plain.windows(2).position(|two| two == b"\r\n").unwrap_or(0);
                let (request_line, rest) = plain.split_at(line_end);
                [request_line, b"\r\naccept-encoding: gzip", rest].concat()
            }
        }
    }
}

/// A named list of requests.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// Its name, as in the recording of the peer.
    pub(crate) name: String,
    asks: Vec<Ask>,
}

impl Scenario {
    /// The bytes of its requests.
    pub(crate) fn requests(&self, client: &Client) -> Vec<Vec<u8>> {
        self.asks.iter().map(|ask| ask.bytes(client)).collect()
    }

    /// Whether another server of the same wire can be asked the same. Cursors and GraphQL cannot.
    pub(crate) fn is_portable(&self) -> bool {
        !self.name.starts_with("q_cursor") && !self.name.starts_with("graphql")
    }
}

/// Names that are taken again and again, in an order that looks random and is none.
struct Deck<'a> {
    names: &'a [String],
    position: usize,
}

impl<'a> Deck<'a> {
    fn of(names: &'a [String]) -> anyhow::Result<Self> {
        anyhow::ensure!(!names.is_empty(), "the manifest names nothing to ask for");
        Ok(Self { names, position: 0 })
    }

    /// The next name: a stride that has no divisor in common with most sizes visits them all.
    fn draw(&mut self) -> &'a str {
        self.position = (self.position + 7919) % self.names.len();
        self.names.get(self.position).map_or("", String::as_str)
    }

    fn gets(names: &'a [String], path: impl Fn(&str) -> String) -> anyhow::Result<Vec<Ask>> {
        let mut deck = Self::of(names)?;
        Ok((0..REQUESTS).map(|_| Ask::Get(path(deck.draw()))).collect())
    }
}

/// Every scenario for an estate that `client`'s server serves.
pub(crate) fn scenarios(client: &mut Client, manifest: &Manifest) -> anyhow::Result<Vec<Scenario>> {
    let components = manifest.samples.get("Component").context("no components")?;
    let mut all = pages(manifest)?;
    all.extend(filters(manifest)?);
    all.extend(lookups(manifest, components)?);
    all.extend(facets());
    all.extend(cursors(client, manifest)?);
    let compressed = ["q_first20", "entities_page100", "by_refs_100", "facet_3"];
    let again: Vec<Scenario> = all
        .iter()
        .filter(|scenario| compressed.contains(&scenario.name.as_str()))
        .map(|plain| Scenario {
            name: format!("{}+gz", plain.name),
            asks: plain.asks.iter().cloned().map(|ask| Ask::Compressed(Box::new(ask))).collect(),
        })
        .collect();
    all.extend(again);
    all.extend(graphql(client, manifest)?);
    Ok(all)
}

fn scenario(name: &str, asks: Vec<Ask>) -> Scenario {
    Scenario { name: name.to_owned(), asks }
}

fn one(name: &str, path: &str) -> Scenario {
    scenario(name, vec![Ask::Get(path.to_owned())])
}

fn pages(manifest: &Manifest) -> anyhow::Result<Vec<Scenario>> {
    let query = |rest: &str| format!("{BY_QUERY}{COMPONENTS}&{rest}");
    let components = manifest.kinds.get("Component").context("no components")?;
    let deep = components * 95 / 100;
    let fields = "kind,metadata.name,metadata.namespace,spec.owner";
    Ok(vec![
        one("entities_page100", "/api/catalog/entities?limit=100&offset=0"),
        one("entities_kind_page100", "/api/catalog/entities?filter=kind=component&limit=100"),
        one(
            "entities_fields_all",
            &format!("/api/catalog/entities?filter=kind=component&fields={fields}"),
        ),
        one("q_first20", &query("limit=20")),
        one("q_first20_nototal", &query("limit=20&totalItems=exclude")),
        one("q_first100", &query("limit=100")),
        one("q_offset_deep", &query(&format!("limit=20&offset={deep}"))),
    ])
}

fn filters(manifest: &Manifest) -> anyhow::Result<Vec<Scenario>> {
    let by_name = "orderField=metadata.name,asc&limit=20";
    let text_fields = "metadata.name,metadata.title,metadata.description";
    let predicate = |tag: &String| {
        let query = json!({ "$all": [
            { "kind": "component" },
            { "spec.type": { "$in": ["service", "job"] } },
            { "$not": { "metadata.tags": tag } },
        ] });
        let order = json!([{ "field": "metadata.name", "order": "asc" }]);
        let body = json!({ "query": query, "orderBy": order, "limit": 20 });
        Ask::Post("/api/catalog/entities/by-query".to_owned(), body)
    };
    Ok(vec![
        scenario(
            "q_text",
            Deck::gets(&manifest.nouns, |noun| {
                format!(
                    "{BY_QUERY}{COMPONENTS}&fullTextFilterTerm={noun}\
                    &fullTextFilterFields={text_fields}&limit=20"
                )
            })?,
        ),
        scenario(
            "q_text_nofields",
            Deck::gets(&manifest.nouns, |noun| {
                format!("{BY_QUERY}fullTextFilterTerm={noun}&limit=20")
            })?,
        ),
        scenario(
            "q_owner_rel",
            Deck::gets(&manifest.owners, |owner| {
                format!("{BY_QUERY}filter=kind=component,relations.ownedBy={owner}&{by_name}")
            })?,
        ),
        scenario(
            "q_tag_and_type",
            Deck::gets(&manifest.tags, |tag| {
                format!(
                    "{BY_QUERY}filter=kind=component,spec.type=service,metadata.tags={tag}\
                    &{by_name}"
                )
            })?,
        ),
        scenario(
            "q_or_3",
            Deck::gets(&manifest.systems, |system| {
                let either = |kind: &str| format!("filter=kind={kind},spec.system={system}");
                let kinds = ["component", "api", "resource"].map(either).join("&");
                format!("{BY_QUERY}{kinds}&{by_name}")
            })?,
        ),
        scenario("q_predicate", manifest.tags.iter().map(predicate).collect()),
    ])
}

fn lookups(manifest: &Manifest, components: &[String]) -> anyhow::Result<Vec<Scenario>> {
    let by_name = "/api/catalog/entities/by-name/component/default";
    let refs: Vec<String> = manifest
        .samples
        .iter()
        .flat_map(|(kind, names)| {
            let kind = kind.to_lowercase();
            names.iter().map(move |name| format!("{kind}:default/{name}"))
        })
        .collect();
    let mut deck = Deck::of(&refs)?;
    let mut by_refs = |fields: Option<Value>| -> Vec<Ask> {
        let mut ask = || {
            let refs: Vec<&str> = (0..100).map(|_| deck.draw()).collect();
            let mut body = json!({ "entityRefs": refs });
            if let (Some(fields), Some(body)) = (&fields, body.as_object_mut()) {
                body.insert("fields".to_owned(), fields.clone());
            }
            Ask::Post("/api/catalog/entities/by-refs".to_owned(), body)
        };
        (0..40).map(|_| ask()).collect()
    };
    let few =
        json!(["kind", "metadata.name", "metadata.namespace", "metadata.title", "spec.owner"]);
    Ok(vec![
        scenario("by_name", Deck::gets(components, |name| format!("{by_name}/{name}"))?),
        scenario("ancestry", Deck::gets(components, |name| format!("{by_name}/{name}/ancestry"))?),
        scenario("by_refs_100", by_refs(None)),
        scenario("by_refs_100_fields", by_refs(Some(few))),
    ])
}

fn facets() -> Vec<Scenario> {
    let facets = "/api/catalog/entity-facets?facet=";
    let of_components = "&filter=kind=component";
    vec![
        one("facet_type", &format!("{facets}spec.type")),
        one("facet_owner", &format!("{facets}relations.ownedBy{of_components}")),
        one("facet_tags", &format!("{facets}metadata.tags{of_components}")),
        one(
            "facet_3",
            &format!("{facets}spec.type&facet=spec.owner&facet=metadata.tags{of_components}"),
        ),
    ]
}

/// Pages behind the first, in the middle and near the end.
fn cursors(client: &mut Client, manifest: &Manifest) -> anyhow::Result<Vec<Scenario>> {
    let components = manifest.kinds.get("Component").context("no components")?;
    let places = [
        ("q_cursor_page2", 0),
        ("q_cursor_mid", components / 2),
        ("q_cursor_deep", components * 95 / 100),
    ];
    let mut scenarios = Vec::new();
    for (name, offset) in places {
        let path = format!("{BY_QUERY}{COMPONENTS}&limit=20&offset={offset}");
        let page = client.get_json(&path)?;
        if let Some(cursor) = page.pointer("/pageInfo/nextCursor").and_then(Value::as_str) {
            let cursor = percent_encoded(cursor);
            scenarios.push(one(name, &format!("{BY_QUERY}cursor={cursor}&limit=20")));
        }
    }
    Ok(scenarios)
}

fn graphql(client: &mut Client, manifest: &Manifest) -> anyhow::Result<Vec<Scenario>> {
    let posts = |bodies: Vec<Value>| {
        bodies.into_iter().map(|body| Ask::Post("/graphql".to_owned(), body)).collect()
    };
    Ok(vec![
        scenario("graphql_page20", posts(graphql_pages(client)?)),
        scenario("graphql_facets", posts(graphql_facets(client)?)),
        scenario("graphql_search", posts(graphql_searches(client, manifest)?)),
    ])
}
