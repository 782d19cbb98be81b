//! Bad input of every sort, beside one good descriptor.

use std::{fs, io::Write, path::Path, time::Duration};

use serde_json::{Value, json};

use crate::{
    lab::{Client, Database, Lab, Launch, serve_config, wait_until},
    prove::outcome::{Figures, Outcome},
};

/// A file, and the words that its error must hold. The error stands on whatever is at fault: the
/// Location that reads the file, or the entity in it.
struct Bad {
    file: &'static str,
    text: &'static str,
    words: &'static [&'static str],
}

const BAD: &[Bad] = &[
    Bad { file: "broken.yaml", text: "kind: [Component\n", words: &["broken.yaml"] },
    Bad {
        file: "wrong-kind.yaml",
        text: "apiVersion: backstage.io/v1alpha1\nkind: Widget\nmetadata: { name: wrong-kind }\n",
        words: &["wrong-kind"],
    },
    Bad {
        file: "no-owner.yaml",
        text: "apiVersion: backstage.io/v1alpha1\nkind: Component\n\
            metadata: { name: no-owner }\nspec: { type: service, lifecycle: production }\n",
        words: &["owner"],
    },
    Bad {
        file: "bad-name.yaml",
        text: "apiVersion: backstage.io/v1alpha1\nkind: Component\n\
            metadata: { name: 'bad name' }\nspec: { type: a, lifecycle: b, owner: c }\n",
        words: &["bad name"],
    },
    Bad {
        file: "twice.yaml",
        text: "apiVersion: backstage.io/v1alpha1\nkind: Component\n\
            metadata: { name: good }\nspec: { type: other, lifecycle: b, owner: c }\n",
        words: &["component:default/good", "twice.yaml"],
    },
    Bad {
        file: "case.yaml",
        text: "apiVersion: backstage.io/v1alpha1\nkind: Component\n\
            metadata: { name: GOOD }\nspec: { type: other, lifecycle: b, owner: c }\n",
        words: &["component:default/good", "case.yaml"],
    },
    Bad {
        file: "placeholder.yaml",
        text: "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: { name: no-file }\n\
            spec: { type: a, lifecycle: b, owner: c, definition: { $text: ./none.txt } }\n",
        words: &["none.txt"],
    },
    Bad {
        file: "unreachable.yaml",
        text: "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: { name: unreachable }\n\
            spec: { type: url, target: 'https://unreachable.invalid/catalog-info.yaml' }\n",
        words: &["unreachable.invalid"],
    },
];

const GOOD: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: { name: good }\n\
    spec: { type: service, lifecycle: production, owner: makers }\n";

/// All of it in one catalog.
pub(crate) fn bad_input(lab: &mut Lab, database: Database) -> anyhow::Result<Outcome> {
    let room = lab.room("bad-input")?;
    write_all(&room)?;
    let config = serve_config(&lab.empty_database(database, &room)?, &room.join("all.yaml"));
    let started = Launch::serve(&lab.callboard()?, &room, &config)?.ready()?;
    let mut client = started.server.client();
    let mut expected: Vec<(&str, Vec<&str>)> =
        BAD.iter().map(|bad| (bad.file, bad.words.to_vec())).collect();
    expected.push(("missing.yaml", vec!["missing.yaml"]));
    expected.push(("huge.yaml", vec!["huge.yaml"]));
    expected.push(("latin1.yaml", vec!["latin1.yaml"]));
    let mut figures = Figures::default();
    for (file, words) in expected {
        let limit = Duration::from_secs(15);
        let found = wait_until(file, limit, Duration::from_millis(100), || {
            let problems = problems(&mut client)?;
            let is_meant = |problem: &&String| words.iter().all(|word| problem.contains(word));
            Ok(problems.iter().find(is_meant).cloned())
        });
        figures.must(file, found.err().map(|_| format!("no problem names {words:?}")));
    }
    served(&mut client, &mut figures)?;
    Ok(figures.outcome())
}

fn write_all(room: &Path) -> anyhow::Result<()> {
    let mut targets = vec!["./good.yaml".to_owned()];
    fs::write(room.join("good.yaml"), GOOD)?;
    for Bad { file, text, .. } in BAD {
        fs::write(room.join(file), text)?;
        targets.push(format!("./{file}"));
    }
    let mut huge = std::io::BufWriter::new(fs::File::create(room.join("huge.yaml"))?);
    for _ in 0..60 {
        huge.write_all(&vec![b'#'; 1_000_000])?;
    }
    huge.flush()?;
    fs::write(room.join("latin1.yaml"), b"kind: Component\nmetadata: { name: caf\xe9 }\n")?;
    let location = |name: &str, targets: &[&str]| {
        let location = json!({
            "apiVersion": "backstage.io/v1alpha1", "kind": "Location",
            "metadata": { "name": name }, "spec": { "targets": targets },
        });
        fs::write(room.join(format!("{name}.yaml")), location.to_string())
    };
    location("cycle-a", &["./cycle-b.yaml"])?;
    location("cycle-b", &["./cycle-a.yaml"])?;
    let more = ["missing", "huge", "latin1", "cycle-a"];
    targets.extend(more.iter().map(|name| format!("./{name}.yaml")));
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    location("all", &targets)?;
    Ok(())
}

/// Every problem with what it is about, as one text each: of entities that are served, and of
/// those that never were.
fn problems(client: &mut Client) -> anyhow::Result<Vec<String>> {
    let query = "{ entities(filter: {hasProblems: true}, first: 100) { nodes { ref \
        problems { message } } } failedEntities(first: 100) { nodes { ref location \
        problems { message } } } }";
    let data = client.graphql(query, &json!({}))?;
    let nodes = ["/entities/nodes", "/failedEntities/nodes"]
        .into_iter()
        .filter_map(|pointer| data.pointer(pointer).and_then(Value::as_array))
        .flatten();
    let of_node = |node: &Value| -> Vec<String> {
        let text = |key: &str| node.get(key).and_then(Value::as_str).unwrap_or_default();
        let about = format!("{} {}", text("ref"), text("location"));
        let problems = node.get("problems").and_then(Value::as_array);
        problems.into_iter().flatten().map(|problem| format!("{about} {problem}")).collect()
    };
    Ok(nodes.flat_map(of_node).collect())
}

fn served(client: &mut Client, figures: &mut Figures) -> anyhow::Result<()> {
    let good = client.get_json("/api/catalog/entities/by-name/component/default/good")?;
    let kind = good.pointer("/spec/type").and_then(Value::as_str);
    let other = (kind != Some("service")).then(|| good.to_string());
    figures.must("the good one is served, by its first source", other);
    for name in ["cycle-a", "cycle-b", "all"] {
        let status =
            client.get(&format!("/api/catalog/entities/by-name/location/default/{name}"))?.status;
        figures.must(name, (status != 200).then(|| format!("answers {status}")));
    }
    Ok(())
}
