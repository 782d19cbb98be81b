//! Who may call the clusters, and how Callboard is told.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::Kubernetes;

/// The token of Callboard.
const READER_TOKEN: &str = "reader-token";

/// The group of whoever reads for Callboard.
const READERS: &str = "callboard-readers";

/// How many users there are whose grants a row may choose.
pub(crate) const GRANT_USERS: usize = 120;

/// The user with that number.
pub(crate) fn grant_user(number: usize) -> String {
    format!("grant-{number}")
}

/// Its token.
pub(crate) fn grant_token(number: usize) -> String {
    format!("grant-{number}-token")
}

/// Writes what API servers read users from.
pub(super) fn write_tokens(file: &Path) -> anyhow::Result<()> {
    let mut lines = vec![
        format!("{},admin,1,\"system:masters\"", super::ADMIN_TOKEN),
        format!("{READER_TOKEN},reader,2,\"{READERS}\""),
    ];
    lines.extend(
        (0..GRANT_USERS).map(|number| {
            format!("{},{},{}", grant_token(number), grant_user(number), 100 + number)
        }),
    );
    Ok(fs::write(file, lines.join("\n") + "\n")?)
}

/// How Callboard proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// By a context of a kubeconfig with a token.
    Kubeconfig,
    /// By a token in a file.
    TokenFile,
    /// By a client certificate.
    Certificate,
}

impl Kubernetes {
    /// `callboard.clusters[].kubernetes` for a cluster that is reached at `port`: its own, or that
    /// of a proxy before it.
    pub(crate) fn configuration(
        &self,
        name: &str,
        port: u16,
        credentials: Credentials,
    ) -> anyhow::Result<Value> {
        let url = format!("https://127.0.0.1:{port}");
        let authority = self.certificates().authority();
        Ok(match credentials {
            Credentials::Kubeconfig => {
                let file = self.folder().join(format!("kubeconfig-{name}-{port}"));
                let content = kubeconfig(name, &url, &authority);
                fs::write(&file, serde_json::to_vec_pretty(&content)?)?;
                json!({ "kubeconfig": file, "context": name })
            }
            Credentials::TokenFile => self.with_token(port, READER_TOKEN)?,
            Credentials::Certificate => {
                let reader = self.certificates().reader();
                json!({
                    "url": url, "caFile": authority,
                    "certFile": reader.file, "keyFile": reader.key,
                })
            }
        })
    }

    /// The same for somebody with a token of its own.
    pub(crate) fn with_token(&self, port: u16, token: &str) -> anyhow::Result<Value> {
        let file = self.folder().join(format!("{token}.token"));
        fs::write(&file, token)?;
        let authority = self.certificates().authority();
        let url = format!("https://127.0.0.1:{port}");
        Ok(json!({ "url": url, "caFile": authority, "tokenFile": file }))
    }

    /// Makes the roles of `yaml` in a cluster and binds them to Callboard.
    pub(crate) fn grant(&self, name: &str, yaml: &str) -> anyhow::Result<()> {
        let mut client = self.client(name)?;
        for role in cluster_roles(yaml) {
            let made = client.create_yaml(CLUSTER_ROLES, role)?;
            let role = made.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            let subject = json!({ "kind": "Group", "name": READERS });
            client.create(CLUSTER_ROLE_BINDINGS, &binding(role, role, &subject))?;
        }
        Ok(())
    }

    /// The rules of the roles that are bound to Callboard.
    pub(crate) fn rules(&self, name: &str) -> anyhow::Result<Vec<Value>> {
        let mut client = self.client(name)?;
        let mut rules = Vec::new();
        for binding in client.list(CLUSTER_ROLE_BINDINGS)? {
            if binding.pointer("/subjects/0/name") == Some(&json!(READERS)) {
                let role = binding.pointer("/roleRef/name").and_then(Value::as_str);
                let role = client.get(&format!("{CLUSTER_ROLES}/{}", role.unwrap_or_default()))?;
                let more = role.get("rules").and_then(Value::as_array);
                rules.extend(more.into_iter().flatten().cloned());
            }
        }
        Ok(rules)
    }

    /// Gives one user exactly these rules.
    pub(crate) fn grant_rules(
        &self,
        name: &str,
        user: &str,
        rules: &[Value],
    ) -> anyhow::Result<()> {
        let mut client = self.client(name)?;
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": { "name": user }, "rules": rules,
        });
        client.create(CLUSTER_ROLES, &role)?;
        let subject = json!({ "kind": "User", "name": user });
        client.create(CLUSTER_ROLE_BINDINGS, &binding(user, user, &subject))?;
        Ok(())
    }
}

const CLUSTER_ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";

const CLUSTER_ROLE_BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

/// The documents that are `ClusterRole`s.
fn cluster_roles(yaml: &str) -> impl Iterator<Item = &str> {
    let documents = yaml.split("\n---\n").map(|document| document.trim_start_matches("---\n"));
    documents.filter(|document| document.lines().any(|line| line.trim() == "kind: ClusterRole"))
}

fn binding(name: &str, role: &str, subject: &Value) -> Value {
    let mut subject = subject.clone();
    if let Some(subject) = subject.as_object_mut() {
        subject.insert("apiGroup".to_owned(), json!("rbac.authorization.k8s.io"));
    }
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": { "name": name },
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role,
        },
        "subjects": [subject],
    })
}

fn kubeconfig(name: &str, url: &str, authority: &Path) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "another",
        "clusters": [{
            "name": name, "cluster": { "server": url, "certificate-authority": authority },
        }],
        "users": [
            { "name": "reader", "user": { "token": READER_TOKEN } },
            { "name": "nobody", "user": { "token": "unknown" } },
        ],
        "contexts": [
            { "name": name, "context": { "cluster": name, "user": "reader" } },
            { "name": "another", "context": { "cluster": name, "user": "nobody" } },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_told_from_bindings() {
        let yaml = "---\nkind: ClusterRole\nrules: []\n---\nkind: ClusterRoleBinding\n";
        let roles: Vec<&str> = cluster_roles(yaml).collect();
        assert_eq!(roles, ["kind: ClusterRole\nrules: []"]);
    }
}
