//! Entries of the configuration: each way to reach a cluster, and each way to get it wrong.

use std::{fs, path::Path};

use callboard_plugin::ObservationState;
use callboard_plugin_kubernetes::{ClusterConfig, Connection, Credentials};
use callboard_tests::kubernetes::KubernetesServers;

use super::watched::{Watched, by_kubeconfig};

fn by_url(servers: &KubernetesServers, credentials: Credentials) -> ClusterConfig {
    let connection = Connection::Url {
        url: format!("https://{}", servers.address("c")),
        ca_file: Some(servers.pki().certificate("ca")),
        credentials,
    };
    ClusterConfig::new("c", connection)
}

async fn reason(config: ClusterConfig, state: ObservationState) -> String {
    let snapshot = Watched::start(config).until_state(state).await;
    snapshot.observation.reason.as_deref().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_reached_by_token_file_and_by_certificate() {
    let test = "a_cluster_is_reached_by_token_file_and_by_certificate";
    let Some(servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let token = servers.token_file("admin");
    Watched::start(by_url(&servers, Credentials::TokenFile(token))).until_live().await;
    let certificate = Credentials::ClientCertificate {
        certificate: servers.pki().certificate("callboard"),
        key: servers.pki().key("callboard"),
    };
    // The server knows who we are, and grants nothing yet.
    reason(by_url(&servers, certificate), ObservationState::Forbidden).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_replaced_is_read_again() {
    let test = "a_token_that_is_replaced_is_read_again";
    let Some(servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "expired").unwrap();
    let watched = Watched::start(by_url(&servers, Credentials::TokenFile(token.clone())));
    let snapshot = watched.until_state(ObservationState::Unreachable).await;
    assert!(snapshot.observation.reason.as_deref().unwrap().contains("401"));
    fs::write(&token, "admin-token").unwrap();
    watched.until_live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_entry_is_an_error_of_its_cluster() {
    let test = "a_bad_entry_is_an_error_of_its_cluster";
    let Some(servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let unreachable = ObservationState::Unreachable;

    let told = reason(by_kubeconfig(&servers, "c", "nobody"), unreachable).await;
    assert!(told.contains("c-nobody"), "{told}");

    let file = Connection::Kubeconfig { path: "/nowhere/kubeconfig".into(), context: None };
    let told = reason(ClusterConfig::new("c", file), unreachable).await;
    assert!(told.contains("/nowhere/kubeconfig"), "{told}");

    let missing = by_url(&servers, Credentials::TokenFile("/nowhere/token".into()));
    let told = reason(missing, unreachable).await;
    assert!(told.contains("/nowhere/token"), "{told}");

    let mut other_ca = by_url(&servers, Credentials::TokenFile(servers.token_file("admin")));
    if let Connection::Url { ca_file, .. } = &mut other_ca.connection {
        *ca_file = Some(servers.pki().certificate("impostor-ca"));
    }
    let told = reason(other_ca, unreachable).await;
    assert!(told.contains("certificate"), "{told}");

    let unusable = Connection::Unusable("url: must begin with https://".to_owned());
    let told = reason(ClusterConfig::new("c", unusable), unreachable).await;
    assert_eq!(told, "url: must begin with https://");
}

/// A kubeconfig whose credentials come from a program that leaves a mark.
fn with_plugin(servers: &KubernetesServers, folder: &Path) -> (ClusterConfig, String) {
    let plugin = folder.join("plugin");
    let mark = folder.join("ran");
    let credential = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"admin-token"}}"#;
    let script = format!("#!/bin/sh\ntouch {}\necho '{credential}'\n", mark.display());
    fs::write(&plugin, script).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&plugin, executable).unwrap();
    let command = plugin.display().to_string();
    let file = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{ "name": "c", "cluster": {
            "server": format!("https://{}", servers.address("c")),
            "certificate-authority": servers.pki().certificate("ca"),
        } }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
        "users": [{ "name": "u", "user": { "exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": command,
            "interactiveMode": "Never",
        } } }],
    });
    let path = folder.join("kubeconfig");
    fs::write(&path, file.to_string()).unwrap();
    let connection = Connection::Kubeconfig { path, context: None };
    (ClusterConfig::new("c", connection), command)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_runs_only_if_the_operator_named_it() {
    let test = "a_plugin_runs_only_if_the_operator_named_it";
    let Some(servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mut config, command) = with_plugin(&servers, folder.path());
    let told = reason(config.clone(), ObservationState::Unreachable).await;
    assert!(told.contains("exec plugin"), "{told}");
    assert!(!folder.path().join("ran").exists());
    config.allowed_exec = [command].into();
    Watched::start(config).until_live().await;
    assert!(folder.path().join("ran").exists());
}
