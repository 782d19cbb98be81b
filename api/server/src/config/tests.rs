//! The configuration as a whole, over files and variables in memory.

mod clusters;

use std::{collections::HashMap, io, path::Path, time::Duration};

use callboard_auth::{Principal, StaticTokens};
use secrecy::ExposeSecret;
use url::Url;

use super::{catalog::AllowedKind, *};

#[derive(Default)]
struct Memory {
    files: HashMap<PathBuf, String>,
    variables: HashMap<String, String>,
}

impl Surroundings for Memory {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}

fn memory(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Memory {
    let text = |text: &&str| (*text).to_owned();
    Memory {
        files: files.iter().map(|(path, content)| (PathBuf::from(path), text(content))).collect(),
        variables: variables.iter().map(|(name, value)| (text(name), text(value))).collect(),
    }
}

fn load_one(yaml: &str) -> Result<LoadedConfig, ConfigError> {
    load_with(yaml, &[])
}

fn load_with(yaml: &str, variables: &[(&str, &str)]) -> Result<LoadedConfig, ConfigError> {
    let memory = memory(&[("/etc/cb/app-config.yaml", yaml)], variables);
    load(&[PathBuf::from("/etc/cb/app-config.yaml")], &memory)
}

fn config(yaml: &str) -> Config {
    load_one(yaml).unwrap().config
}

fn problem(yaml: &str) -> String {
    load_one(yaml).unwrap_err().to_string()
}

#[test]
fn nothing_configured_is_a_backend_on_its_usual_port_with_an_embedded_database() {
    let loaded = load(&[], &Memory::default()).unwrap();
    let config = loaded.config;
    assert!(loaded.warnings.is_empty());
    assert_eq!(config.backend.listen, Listen { host: None, port: 7007 });
    assert_eq!(config.backend.base_url.as_str(), "http://localhost:7007/");
    assert_eq!(config.app.base_url, config.backend.base_url);
    let DatabaseConfig::SqliteFile(file) = config.backend.database else { panic!() };
    assert_eq!(file, Path::new("./callboard.db"));
    assert_eq!(config.catalog.rules.len(), 1);
    assert_eq!(config.callboard.metrics_listen.to_string(), "127.0.0.1:9464");
    assert_eq!(config.callboard.limits.file_size_bytes, 10 * 1024 * 1024);
    assert!(!config.permission.is_enabled);
}

#[test]
fn a_later_file_merges_objects_replaces_lists_and_removes_by_null() {
    let memory = memory(
        &[
            (
                "/a/one.yaml",
                "app: {title: One, baseUrl: 'http://a'}\norganization: {name: A}\nbackend: {reading: {allow: [{host: a.test}, {host: b.test}]}}",
            ),
            (
                "/b/two.yaml",
                "app: {title: Two}\norganization: {name: null}\nbackend: {reading: {allow: [{host: c.test}]}, database: {connection: ./x.db}}",
            ),
        ],
        &[],
    );
    let config = load(&["/a/one.yaml".into(), "/b/two.yaml".into()], &memory).unwrap().config;
    assert_eq!(config.app.title, "Two");
    assert_eq!(config.app.base_url.as_str(), "http://a/");
    assert_eq!(config.organization.name, None);
    let allows = |url: &str| config.backend.reading.allows(&Url::parse(url).unwrap());
    assert!(allows("https://c.test/") && !allows("https://a.test/"));
    let DatabaseConfig::SqliteFile(file) = config.backend.database else { panic!() };
    assert_eq!(file, Path::new("/b/./x.db"), "relative to the file in which it stands");
}

#[test]
fn variables_are_substituted_escaped_defaulted_or_leave_the_key_out() {
    let loaded = load_with(
        "app: {title: 'a ${NAME} b $${NAME}'}\norganization: {name: '${MISSING}'}\nbackend: {listen: {port: '${PORT}', host: '${HOST:-127.0.0.1}'}}",
        &[("NAME", "x"), ("PORT", "81")],
    );
    let config = loaded.unwrap().config;
    assert_eq!(config.app.title, "a x b ${NAME}");
    assert_eq!(config.organization.name, None);
    assert_eq!(config.backend.listen.to_string(), "127.0.0.1:81");
}

#[test]
fn includes_are_relative_to_their_file_and_may_be_nested() {
    let memory = memory(
        &[
            (
                "/etc/app.yaml",
                "app: {$include: sub/app.yaml#inner.app}\norganization: {name: {$env: ORG}}",
            ),
            ("/etc/sub/app.yaml", "inner: {app: {title: {$file: title.txt}}}"),
            ("/etc/sub/title.txt", "Portal\n"),
        ],
        &[("ORG", "Lunar")],
    );
    let config = load(&["/etc/app.yaml".into()], &memory).unwrap().config;
    assert_eq!(config.app.title, "Portal");
    assert_eq!(config.organization.name.as_deref(), Some("Lunar"));
}

#[test]
fn a_bad_include_names_its_place() {
    let error = problem("app:\n  title: {$file: gone.txt}");
    assert!(error.starts_with("/etc/cb/app-config.yaml:2:10: app.title: "), "{error}");
    assert!(error.contains("/etc/cb/gone.txt cannot be read"), "{error}");
    let error = problem("app: {$env: X, title: x}");
    assert!(error.contains("$env must be the only key"), "{error}");
    let memory = memory(&[("/c.yaml", "a: {$include: c.yaml}")], &[]);
    let error = load(&["/c.yaml".into()], &memory).unwrap_err().to_string();
    assert!(error.contains("more than 16 includes"), "{error}");
}

#[test]
fn a_key_that_stands_twice_is_named_in_our_words() {
    let error = problem("app:\n  title: One\n  title: Two");
    assert_eq!(error, "/etc/cb/app-config.yaml:3:3: the key title stands twice in one object");
}

#[test]
fn broken_yaml_and_a_missing_file_are_errors_with_their_place() {
    let error = problem("app:\n  title: [");
    assert!(error.starts_with("/etc/cb/app-config.yaml:"), "{error}");
    let error = load(&["/nowhere.yaml".into()], &Memory::default()).unwrap_err();
    assert!(
        matches!(error, ConfigError::Unreadable { .. }) && error.to_string().contains("/nowhere")
    );
}

#[test]
fn unknown_keys_are_named_in_one_warning_and_upstreams_are_not() {
    let loaded = load_one(
        "backend: {wat: 1}\nzork: {a: 1}\ntechdocs: {builder: local}\nproxy:\nkubernetes: {a: [1]}\nscaffolder: {}\nsearch:\nauth: {providers: {github: {development: {clientId: x}}}}",
    )
    .unwrap();
    assert_eq!(loaded.warnings, ["these configuration keys are not known: backend.wat, zork"]);
}

#[test]
fn every_bad_value_is_named_with_its_place_and_what_is_expected() {
    let error = problem(
        "app: {baseUrl: nonsense}\nbackend:\n  listen:\n    port: 99999\n  database: {client: mysql2}\ncatalog:\n  readonly: maybe\n  orphanStrategy: eat\n  locations: [{type: file}]\n  processingInterval: soon\ncallboard: {limits: {fileBytes: -1}, modules: [x]}",
    );
    let lines: Vec<&str> = error.lines().collect();
    let expected = [
        "/etc/cb/app-config.yaml:1:16: app.baseUrl: expected an http or https URL, found \"nonsense\"",
        "/etc/cb/app-config.yaml:5:22: backend.database.client: expected one of better-sqlite3, sqlite3, pg, found \"mysql2\"",
        "/etc/cb/app-config.yaml:7:13: catalog.readonly: expected true or false, found \"maybe\"",
        "/etc/cb/app-config.yaml:8:19: catalog.orphanStrategy: expected one of delete, keep, found \"eat\"",
        "/etc/cb/app-config.yaml:10:23: catalog.processingInterval: expected a duration such as { minutes: 5 }, PT5M or '5 minutes', or false, found \"soon\"",
        "/etc/cb/app-config.yaml:4:11: backend.listen.port: expected a port from 0 to 65535, found 99999",
        "/etc/cb/app-config.yaml:9:15: catalog.locations[0].target: expected a path, a glob or a URL, found nothing",
        "/etc/cb/app-config.yaml:11:33: callboard.limits.fileBytes: expected a whole number above 0, found -1",
    ];
    for line in expected {
        assert!(lines.contains(&line), "{line}\nis not in\n{error}");
    }
    assert_eq!(lines.len(), expected.len() + 1, "{error}");
}

#[test]
fn an_object_where_a_text_belongs_and_the_other_way_round_are_errors() {
    assert!(problem("app: nothing").contains("app: expected an object, found \"nothing\""));
    assert!(problem("app: {title: {a: 1}}").contains("app.title: expected a text"));
    assert!(problem("catalog: {locations: {}}").contains("catalog.locations: expected a list"));
}

#[test]
fn listen_takes_the_forms_of_upstream() {
    let listen = |yaml: &str| config(&format!("backend: {{listen: {yaml}}}")).backend.listen;
    assert_eq!(listen("':8000'").to_string(), ":8000");
    assert_eq!(listen("'0.0.0.0:8000'").to_string(), "0.0.0.0:8000");
    assert_eq!(listen("'[::1]:8000'").to_string(), "[::1]:8000");
    assert_eq!(listen("localhost").to_string(), "localhost:7007");
    assert_eq!(listen("8000").to_string(), ":8000");
    assert_eq!(listen("{port: 0}").to_string(), ":0");
    assert_eq!(listen("{host: '::', port: '80'}").to_string(), "[::]:80");
}

#[test]
fn sqlite_is_in_memory_in_a_file_or_in_a_folder() {
    let database = |yaml: &str| config(&format!("backend: {{database: {yaml}}}")).backend.database;
    let file = |yaml: &str| match database(yaml) {
        DatabaseConfig::SqliteFile(file) => file,
        other => panic!("{other:?}"),
    };
    let client = "client: better-sqlite3";
    let memory = database(&format!("{{{client}, connection: ':memory:'}}"));
    assert!(matches!(memory, DatabaseConfig::SqliteMemory));
    assert_eq!(file(&format!("{{{client}}}")), Path::new("/etc/cb/callboard.db"));
    assert_eq!(file(&format!("{{{client}, connection: /x/y.db}}")), Path::new("/x/y.db"));
    let folder = file(&format!("{{{client}, connection: {{directory: ../data}}}}"));
    assert_eq!(folder, Path::new("/etc/cb/../data/callboard.db"));
    let named = file(&format!("{{{client}, connection: {{filename: /n.sqlite}}}}"));
    assert_eq!(named, Path::new("/n.sqlite"));
}

#[test]
fn postgres_is_configured_by_parts_or_by_url() {
    let postgres = |yaml: &str| {
        let loaded = load_one(&format!("backend: {{database: {{client: pg, {yaml}}}}}")).unwrap();
        match loaded.config.backend.database {
            DatabaseConfig::Postgres(postgres) => (postgres, loaded.warnings),
            other => panic!("{other:?}"),
        }
    };
    let (parts, _) = postgres(
        "connection: {host: db, port: '55', user: me, password: pw, ssl: {rejectUnauthorized: false}}",
    );
    assert_eq!((parts.host.as_str(), parts.port, parts.user.as_str()), ("db", 55, "me"));
    assert_eq!(parts.password.unwrap().expose_secret(), "pw");
    assert_eq!(parts.database, "callboard");
    assert!(matches!(parts.tls, PostgresTls::Unchecked) && parts.schema.is_none());
    let (url, warnings) = postgres(
        "connection: 'postgresql://me:p%40w@db.test/x?sslmode=verify-full', pluginDivisionMode: schema, prefix: bs_",
    );
    assert_eq!((url.host.as_str(), url.port, url.database.as_str()), ("db.test", 5432, "x"));
    assert_eq!(url.password.as_ref().unwrap().expose_secret(), "p@w");
    assert!(matches!(url.tls, PostgresTls::Checked { ca: None }));
    assert_eq!(url.schema, Some("callboard"));
    assert_eq!(warnings.len(), 1);
    assert!(warnings.iter().all(|warning| warning.contains("backend.database.prefix")));
    assert!(!format!("{url:?}").contains("p@w"));
    let error = problem("backend: {database: {client: pg, connection: 'mysql://me:pw@x/y'}}");
    assert!(error.contains("postgresql://") && !error.contains("me:pw"), "{error}");
}

fn tokens(yaml: &str) -> (StaticTokens, Vec<String>, Vec<String>) {
    let yaml = format!("backend: {{auth: {{externalAccess: [{yaml}]}}}}");
    let loaded = load_one(&yaml).unwrap();
    let backend = loaded.config.backend;
    (backend.external_access, backend.unrestricted_subjects, loaded.warnings)
}

fn restrictions(tokens: &StaticTokens, token: &str) -> Option<Vec<(String, Vec<String>)>> {
    let Principal::Service { restrictions, .. } = tokens.caller(token)?.principal else {
        return None;
    };
    let list = restrictions?;
    let text = |text: &str| text.to_owned();
    Some(
        list.iter()
            .map(|one| (text(&one.plugin), one.permissions.iter().map(|p| text(p)).collect()))
            .collect(),
    )
}

#[test]
fn static_tokens_carry_their_restrictions_and_other_kinds_are_refused_in_one_warning() {
    let (tokens, unrestricted, warnings) = tokens(
        "{type: static, options: {token: token-one, subject: one}},
         {type: static, options: {token: token-two, subject: two}, accessRestrictions: [{plugin: catalog, permission: 'catalog.entity.read, catalog.location.read'}, {plugin: search}]},
         {type: static, options: {token: token-three, subject: three}, accessRestrictions: [{plugin: catalog, permissionAttribute: {action: [create]}}]},
         {type: static, options: {token: token-four, subject: four}, accessRestrictions: [{plugin: other, permissionAttribute: {action: read}}]},
         {type: legacy, options: {secret: xyz, subject: old}},
         {type: jwks, options: {url: 'https://x.test/jwks'}}",
    );
    assert_eq!(unrestricted, ["one"]);
    assert!(tokens.caller("token-one").is_some() && restrictions(&tokens, "token-one").is_none());
    let two = restrictions(&tokens, "token-two").unwrap();
    let read = ["catalog.entity.read".to_owned(), "catalog.location.read".to_owned()];
    assert_eq!(two, [("catalog".to_owned(), read.to_vec()), ("search".to_owned(), vec![])]);
    let three = restrictions(&tokens, "token-three").unwrap();
    assert!(three.iter().all(|(_, names)| !names.contains(&"catalog.entity.read".to_owned())));
    assert_eq!(
        restrictions(&tokens, "token-four").unwrap(),
        [],
        "an action of nobody permits nothing"
    );
    assert_eq!(warnings.len(), 1);
    assert!(warnings.iter().all(|line| line.contains("(legacy)") && line.contains("(jwks)")));
}

#[test]
fn a_bad_token_is_refused_without_being_shown() {
    let entry = |options: &str| {
        problem(&format!(
            "backend: {{auth: {{externalAccess: [{{type: static, options: {options}}}]}}}}"
        ))
    };
    let error = entry("{token: hush, subject: ci}");
    assert!(error.contains("8 characters") && !error.contains("hush"), "{error}");
    assert!(entry("{subject: ci}").contains("a token and a subject"));
    assert!(entry("{token: long-enough, subject: 'a b'}").contains("without blanks"));
    let error = problem(
        "backend: {auth: {externalAccess: [{type: static, options: {token: long-enough, subject: x}, accessRestrictions: []}]}}",
    );
    assert!(error.contains("at least one restriction"), "{error}");
}

#[test]
fn integrations_carry_their_hosts_and_credentials() {
    let config = config(
        "integrations:\n  github: [{host: ghe.test, token: hush, apiBaseUrl: 'https://ghe.test/api/v3/'}]\n  gitea: [{host: 'gitea.test:3000', baseUrl: 'http://gitea.test:3000', username: u, password: hush}]\n  bitbucketCloud: [{username: x, appPassword: y}]",
    );
    let hosts: Vec<&str> = config.integrations.iter().map(|one| one.host.as_str()).collect();
    assert_eq!(hosts, ["ghe.test", "gitea.test:3000", "github.com", "gitlab.com"]);
    assert!(!format!("{config:?}").contains("hush"));
    let sources: Vec<&str> = config.source_hosts.iter().map(|(host, _)| host.as_str()).collect();
    assert_eq!(sources, ["ghe.test", "gitea.test:3000", "bitbucket.org"]);
    let allows = |url: &str| config.reading_allow_list().allows(&Url::parse(url).unwrap());
    assert!(allows("https://ghe.test/x") && allows("http://gitea.test:3000/x"));
    assert!(allows("https://raw.githubusercontent.com/x") && !allows("https://bitbucket.org/x"));
}

#[test]
fn the_catalog_has_rules_locations_and_strategies() {
    let catalog = config(
        "catalog:\n  rules: [{allow: [Group, {kind: Template, spec.type: website}], locations: [{type: url, pattern: 'https://github.com/acme/**'}]}]\n  locations: [{type: file, target: ../d/./**/*.yaml, rules: [{allow: [User]}]}, {type: url, target: 'https://a.test/x.yaml'}]\n  orphanStrategy: keep\n  readonly: true\n  processingInterval: {minutes: 5}",
    )
    .catalog;
    let allow = |kind: &str, spec_type: Option<&str>| AllowedKind {
        kind: kind.to_owned(),
        spec_type: spec_type.map(str::to_owned),
    };
    assert_eq!(catalog.rules[0].allow, [allow("Group", None), allow("Template", Some("website"))]);
    assert_eq!(catalog.rules[0].locations.as_ref().unwrap()[0].kind.as_deref(), Some("url"));
    assert_eq!(catalog.locations[0].target, "/etc/d/**/*.yaml");
    assert_eq!(catalog.locations[0].rules[0].allow, [allow("User", None)]);
    assert_eq!(catalog.locations[1].target, "https://a.test/x.yaml");
    assert_eq!(catalog.orphan_strategy, OrphanStrategy::Keep);
    assert_eq!(catalog.processing_interval, Some(Duration::from_mins(5)));
    assert_eq!(config("catalog: {processingInterval: false}").catalog.processing_interval, None);
}

#[test]
fn durations_are_human_or_iso() {
    let seconds = |text: &str| {
        let yaml = format!("catalog: {{processingInterval: {text}}}");
        config(&yaml).catalog.processing_interval.unwrap().as_secs_f64()
    };
    for (text, expected) in [
        ("{hours: 1, minutes: 30}", 5400.0),
        ("PT1H30M", 5400.0),
        ("P1DT0.5S", 86400.5),
        ("'5 minutes'", 300.0),
        ("8h", 28800.0),
        ("1.5s", 1.5),
        ("{seconds: '20'}", 20.0),
    ] {
        assert!((seconds(text) - expected).abs() < 1e-9, "{text}");
    }
    for text in ["P", "PT", "5", "5 parsecs", "{}", "{fortnights: 1}"] {
        assert!(load_one(&format!("catalog: {{processingInterval: {text}}}")).is_err(), "{text}");
    }
}

#[test]
fn own_kinds_take_their_schema_from_a_file_or_inline() {
    let memory = memory(
        &[
            (
                "/c/app.yaml",
                "callboard:\n  modules: [scaffolder-entity-model, ai-model]\n  kinds:\n  - {kind: Gadget, apiVersions: [acme.example/v1], schema: {$file: ./gadget.json}, relations: [{field: spec.owner, defaultKind: Group, type: ownedBy, inverse: ownerOf}]}\n  - {kind: Gizmo, apiVersions: acme.example/v1, schema: {type: object, required: [spec]}}",
            ),
            (
                "/c/gadget.json",
                r#"{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}"#,
            ),
        ],
        &[],
    );
    let callboard = load(&["/c/app.yaml".into()], &memory).unwrap().config.callboard;
    assert_eq!(callboard.modules.len(), 2);
    assert_eq!(callboard.kinds[0].schema["type"], "object");
    assert_eq!(callboard.kinds[0].relations[0].inverse, "ownerOf");
    assert_eq!(callboard.kinds[1].api_versions, ["acme.example/v1"]);
    let error = problem("callboard:\n  kinds:\n  - {kind: Gadget}");
    assert!(error.starts_with("/etc/cb/app-config.yaml:3:5: callboard.kinds[0]: "), "{error}");
}

#[test]
fn the_report_shows_what_would_be_used_and_no_secret() {
    let yaml = "app: {title: '${T}'}\nbackend:\n  database: {client: pg, connection: {host: db, user: me, password: hush1}}\n  auth: {externalAccess: [{type: static, options: {token: hush2-long, subject: ci}}]}\nauth: {providers: {github: {development: {clientId: '${ID}', clientSecret: hush3}}}}\nintegrations: {github: [{host: github.com, token: '${GH}'}]}\nproxy: {endpoints: {/x: {headers: {Authorization: hush4, X-Api-Key: hush5}}}}\nkubernetes: {url: 'https://u:hush6@k.test', note: '${GH}'}\ncatalog: {readonly: 7}\n";
    let memory = memory(&[("/x.yaml", yaml)], &[("T", "Shown"), ("ID", "hush7"), ("GH", "hush8")]);
    let report = check(&["/x.yaml".into()], &memory).unwrap();
    let text = report.to_string();
    assert!(!text.contains("hush"), "{text}");
    assert!(text.contains("app.title: Shown    # /x.yaml:1:14\n"), "{text}");
    assert!(text.contains("backend.baseUrl: http://localhost:7007    # default\n"), "{text}");
    assert!(
        text.contains("error: /x.yaml:9:21: catalog.readonly: expected true or false, found 7"),
        "{text}"
    );
    assert!(!report.is_usable() && text.ends_with("errors: 1\n"), "{text}");
    assert!(check(&[], &memory).unwrap().is_usable());
}

#[test]
fn the_schema_describes_every_row_of_the_table() {
    let schema = json_schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let backend = &schema["properties"]["backend"]["anyOf"][0]["properties"];
    let listen = &backend["listen"]["anyOf"][0]["anyOf"];
    assert_eq!(listen[0]["type"], "string");
    assert_eq!(listen[3]["type"], "object");
    let kinds = &schema["properties"]["callboard"]["anyOf"][0]["properties"]["kinds"];
    assert_eq!(kinds["anyOf"][0]["items"]["anyOf"][0]["type"], "object");
}

#[test]
fn other_origins_may_call_only_if_they_are_configured() {
    assert!(config("backend: {}").backend.cors.is_none());
    assert!(config("backend: { cors: false }").backend.cors.is_none());
    let some = "backend: { cors: { origin: 'http://localhost:3000', methods: [GET, POST],
                credentials: true, maxAge: 600 } }";
    assert!(config(some).backend.cors.is_some());
    let text = problem("backend: { cors: { origin: 'http://[a' } }");
    assert!(text.contains("backend.cors") && text.contains("http://[a"), "{text}");
}
