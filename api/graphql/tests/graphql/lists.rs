//! What the schema answers about many entities, over a small catalog in memory.

use serde_json::{Value, json};

use crate::support::{TestCatalog, refs};

#[tokio::test]
async fn a_list_is_paged_both_ways_and_the_pages_are_the_list() {
    let catalog = TestCatalog::new();
    for order in [
        "",
        "orderBy: [{field: \"spec.type\"}]",
        "orderBy: [{field: \"spec.type\", direction: DESC}, {field: \"metadata.name\"}]",
    ] {
        let list = |page: &str| {
            format!(
                "{{ entities({order} {page}) {{ nodes {{ ref }} totalCount
                pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
            )
        };
        let whole = catalog.data(&list("first: 100")).await["entities"].clone();
        let all = refs(&whole);
        assert_eq!(whole["totalCount"], 13);
        assert_eq!(all.len(), 13);
        let (mut forward, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = catalog.data(&list(&format!("first: 4 {cursor}"))).await["entities"].clone();
            assert_eq!(page["pageInfo"]["hasPreviousPage"], !forward.is_empty());
            forward.extend(refs(&page));
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            cursor = format!("after: {}", page["pageInfo"]["endCursor"]);
        }
        assert_eq!(forward, all, "{order}");
        let (mut backward, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = catalog.data(&list(&format!("last: 4 {cursor}"))).await["entities"].clone();
            assert_eq!(page["pageInfo"]["hasNextPage"], !backward.is_empty());
            backward.splice(0..0, refs(&page));
            if page["pageInfo"]["hasPreviousPage"] == false {
                break;
            }
            cursor = format!("before: {}", page["pageInfo"]["startCursor"]);
        }
        assert_eq!(backward, all, "{order}");
    }
}

#[tokio::test]
async fn a_list_of_relations_is_paged() {
    let catalog = TestCatalog::new();
    let list = |page: &str| {
        format!("{{ entity(ref: \"group:squad-a\") {{ ... on Group {{ ownerOf({page}) {{
            edges {{ cursor node {{ ref }} }} totalCount facets(fields: [\"kind\"]) {{ values {{ value count }} }}
            pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }} }} }}")
    };
    let first = catalog.data(&list("first: 2")).await["entity"]["ownerOf"].clone();
    assert_eq!(first["edges"][1]["node"]["ref"], "component:default/payments");
    assert_eq!(first["edges"][1]["cursor"], first["pageInfo"]["endCursor"]);
    assert_eq!(first["totalCount"], 3);
    assert_eq!(
        first["facets"][0]["values"],
        json!([{ "value": "API", "count": 1 }, { "value": "Component", "count": 1 }, { "value": "System", "count": 1 }])
    );
    let after = format!("first: 2, after: {}", first["pageInfo"]["endCursor"]);
    let second = catalog.data(&list(&after)).await["entity"]["ownerOf"].clone();
    assert_eq!(second["edges"].as_array().unwrap().len(), 1);
    assert_eq!(second["edges"][0]["node"]["ref"], "system:default/bank");
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    assert_eq!(second["pageInfo"]["hasPreviousPage"], true);
    let none = catalog.data(&list("first: 0")).await["entity"]["ownerOf"].clone();
    assert_eq!((&none["edges"], &none["totalCount"]), (&json!([]), &json!(3)));
}

#[tokio::test]
async fn a_bad_page_is_refused() {
    let catalog = TestCatalog::new();
    let ranked = catalog.data("{ search(text: \"pay\") { pageInfo { endCursor } } }").await;
    let ranked = ranked["search"]["pageInfo"]["endCursor"].to_string();
    let sorted = catalog.data("{ entities(first: 1) { pageInfo { endCursor } } }").await;
    let sorted = sorted["entities"]["pageInfo"]["endCursor"].to_string();
    for page in [
        "entities(first: -1)",
        "entities(first: 501)",
        "entities(last: -1)",
        "entities(last: 501)",
        "entities(first: 1, last: 1)",
        "entities(first: 1, before: \"x\")",
        "entities(after: \"x\", before: \"x\")",
        "entities(after: \"\")",
        "entities(after: \"e30=\")",
        "entities(before: \"component:default/payments\")",
        "search(text: \"a\", after: \"x\")",
        "search(text: \"a\", first: -5)",
        "failedEntities(after: \"x\")",
        &format!("entities(after: {ranked})"),
        &format!("search(text: \"a\", after: {sorted})"),
        &format!("entities(after: {sorted}, orderBy: [{{field: \"kind\"}}])"),
    ] {
        let (code, message) = catalog.error(&format!("{{ {page} {{ totalCount }} }}")).await;
        assert_eq!(code, "BAD_USER_INPUT", "{page}: {message}");
    }
}

#[tokio::test]
async fn filters_mean_what_they_say() {
    let catalog = TestCatalog::new();
    let payments = "component:default/payments";
    let ledger = "component:default/ledger";
    for (filter, expected) in [
        ("kind: {eq: \"component\"}", vec![ledger, payments]),
        ("kind: {in: [\"API\", \"resource\"]}", vec!["api:default/pay", "resource:default/db"]),
        ("kind: {prefix: \"te\"}", vec!["template:default/new-service"]),
        ("namespace: {eq: \"LAB\"}", vec!["gadget:lab/drone"]),
        ("name: {prefix: \"pay\"}", vec!["api:default/pay", payments]),
        ("type: {eq: \"Service\"}", vec![payments, "template:default/new-service"]),
        ("lifecycle: {eq: \"experimental\"}", vec![ledger]),
        ("lifecycle: {exists: false}, kind: {eq: \"domain\"}", vec!["domain:default/money"]),
        ("owner: {eq: \"user:Alice\"}", vec![ledger]),
        ("owner: {eq: \"squad-a\"}, kind: {eq: \"component\"}", vec![payments]),
        ("owner: {prefix: \"squad\"}, kind: {eq: \"api\"}", vec!["api:default/pay"]),
        (
            "owner: {in: [\"default/squad-a\", \"user:alice\"]}, kind: {eq: \"component\"}",
            vec![ledger, payments],
        ),
        ("system: {eq: \"bank\"}", vec!["api:default/pay", payments, "gadget:lab/drone"]),
        ("system: {exists: true}, kind: {eq: \"component\"}", vec![payments]),
        ("tag: {eq: \"rust\"}", vec!["api:default/pay", payments]),
        ("tag: {eq: \"rust\"}, kind: {eq: \"api\"}", vec!["api:default/pay"]),
        ("field: [{path: \"metadata.labels.tier\"}]", vec![payments]),
        (
            "field: [{path: \"metadata.annotations.backstage.io/view-url\", exists: true}]",
            vec![payments],
        ),
        ("field: [{path: \"spec.weight\", eq: \"1.5\"}]", vec!["gadget:lab/drone"]),
        ("field: [{path: \"spec.lifecycle\", in: [\"experimental\"]}]", vec![ledger]),
        ("relation: [{type: \"dependsOn\", target: \"component:ledger\"}]", vec![payments]),
        ("relation: [{type: \"dependencyOf\"}]", vec![ledger, "resource:default/db"]),
        ("text: \"MOVES\"", vec![payments]),
        ("text: \"pay money\"", vec![payments]),
        ("text: \"tier1\"", vec![payments]),
        ("text: \"%\"", vec![]),
        ("hasProblems: true", vec![ledger]),
        ("hasProblems: false, kind: {eq: \"component\"}", vec![payments]),
        ("orphan: true", vec![ledger]),
        ("orphan: false, kind: {eq: \"component\"}", vec![payments]),
        ("and: [{kind: {eq: \"component\"}}, {tag: {eq: \"rust\"}}]", vec![payments]),
        (
            "or: [{kind: {eq: \"api\"}}, {kind: {eq: \"domain\"}}]",
            vec!["api:default/pay", "domain:default/money"],
        ),
        ("or: []", vec![]),
        ("not: {not: {kind: {eq: \"api\"}}}", vec!["api:default/pay"]),
        ("kind: {eq: \"component\"}, not: {tag: {exists: true}}", vec![ledger]),
        ("kind: {eq: \"component\", prefix: \"x\"}", vec![]),
        ("kind: {in: []}", vec![]),
        ("kind: {eq: \"__proto__\"}", vec![]),
    ] {
        let query = format!("{{ entities(filter: {{ {filter} }}) {{ nodes {{ ref }} }} }}");
        assert_eq!(catalog.refs(&query).await, expected, "{filter}");
    }
    assert_eq!(
        catalog.refs("{ entities(filter: {kind: {}}, first: 100) { nodes { ref } } }").await.len(),
        13
    );
}

#[tokio::test]
async fn a_filter_that_is_too_large_or_names_nothing_is_refused() {
    let catalog = TestCatalog::new();
    for filter in [
        "owner: {eq: \"\"}".to_owned(),
        "owner: {eq: \"group:\"}".to_owned(),
        "system: {in: [\"a//\", \":\"]}".to_owned(),
        "relation: [{type: \"dependsOn\", target: \"no-kind\"}]".to_owned(),
        "text: \"a b c d e f g h i j k\"".to_owned(),
        format!("and: [{}]", "{}".repeat(300)),
    ] {
        let query = format!("{{ entities(filter: {{ {filter} }}) {{ totalCount }} }}");
        assert_eq!(catalog.error(&query).await.0, "BAD_USER_INPUT", "{filter}");
    }
    let (code, _) = catalog.error("{ entities(orderBy: [{field: \"a\"}, {field: \"b\"}, {field: \"c\"}, {field: \"d\"}]) { totalCount } }").await;
    assert_eq!(code, "BAD_USER_INPUT");
}

#[tokio::test]
async fn facets_count_over_the_list_and_not_over_the_page() {
    let catalog = TestCatalog::new();
    let data = catalog
        .data(
            "{ facets(fields: [\"kind\", \"spec.type\", \"nope\"], filter: {owner: {eq: \"squad-a\"}}) { field values { value count } }
               entities(filter: {kind: {eq: \"component\"}}, first: 1) { facets(fields: [\"spec.lifecycle\"]) { field values { value count } } } }",
        )
        .await;
    assert_eq!(
        data["facets"],
        json!([
            { "field": "kind", "values": [
                { "value": "API", "count": 1 }, { "value": "Component", "count": 1 },
                { "value": "Gadget", "count": 1 }, { "value": "System", "count": 1 },
            ] },
            { "field": "spec.type", "values": [
                { "value": "openapi", "count": 1 }, { "value": "service", "count": 1 },
            ] },
            { "field": "nope", "values": [] },
        ])
    );
    assert_eq!(
        data["entities"]["facets"][0]["values"],
        json!([{ "value": "experimental", "count": 1 }, { "value": "production", "count": 1 }])
    );
    let many = "\"kind\",".repeat(11);
    assert_eq!(
        catalog.error(&format!("{{ facets(fields: [{many}]) {{ field }} }}")).await.0,
        "BAD_USER_INPUT"
    );
}

#[tokio::test]
async fn the_values_of_a_facet_are_the_same_however_they_are_asked_for() {
    let catalog = TestCatalog::new();
    let ask = async |selection: &str, fragment: &str| {
        let query =
            format!("{{ facets(fields: [\"kind\"]) {{ values {{ {selection} }} }} }} {fragment}");
        catalog.data(&query).await["facets"][0]["values"].clone()
    };
    let plain = ask("value count", "").await;
    assert!(plain.as_array().unwrap().len() > 3, "{plain}");
    let fragment = "fragment F on FacetValue { value count }";
    assert_eq!(ask("...F", fragment).await, plain);
    assert_eq!(ask("value @include(if: true) count", "").await, plain);
    assert_eq!(ask("value value count", "").await, plain);
    let aliased = ask("n: count v: value __typename", "").await;
    let expected: Vec<Value> = plain
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!({"n": one["count"], "v": one["value"], "__typename": "FacetValue"}))
        .collect();
    assert_eq!(aliased, Value::from(expected));
}

#[tokio::test]
async fn search_puts_the_exact_name_first_and_forgives_one_typo() {
    let catalog = TestCatalog::new();
    let hits = |data: &Value| -> Vec<String> {
        let nodes = data["search"]["nodes"].as_array().unwrap();
        nodes.iter().map(|hit| hit["entity"]["ref"].as_str().unwrap().to_owned()).collect()
    };
    let query = |arguments: &str| {
        format!(
            "{{ search({arguments}) {{ nodes {{ type title score entity {{ ref }} }} totalCount pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }}"
        )
    };
    let exact = catalog.data(&query("text: \"pay\"")).await;
    assert_eq!(hits(&exact)[0], "api:default/pay");
    assert!(hits(&exact).contains(&"component:default/payments".to_owned()), "{exact}");
    let typo = catalog.data(&query("text: \"paymants\"")).await;
    assert_eq!(hits(&typo), ["component:default/payments"]);
    assert_eq!(typo["search"]["nodes"][0]["title"], "Payments service");
    let filtered = catalog.data(&query("text: \"pay\", filter: {kind: {eq: \"component\"}}")).await;
    assert_eq!(hits(&filtered), ["component:default/payments"]);
    let first = catalog.data(&query("text: \"pay\", first: 1")).await;
    assert_eq!(first["search"]["pageInfo"]["hasNextPage"], true);
    let after =
        format!("text: \"pay\", first: 1, after: {}", first["search"]["pageInfo"]["endCursor"]);
    let second = catalog.data(&query(&after)).await;
    assert_eq!(hits(&second)[0], hits(&exact)[1]);
    assert_eq!(second["search"]["pageInfo"]["hasPreviousPage"], true);
    assert_eq!(hits(&catalog.data(&query("text: \"pay\", types: []")).await), Vec::<String>::new());
    let long = format!("text: \"{}\"", "x".repeat(201));
    assert_eq!(catalog.error(&query(&long)).await.0, "BAD_USER_INPUT");
}
