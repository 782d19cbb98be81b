//! The clusters of a configuration.

use callboard_plugin::Cloud;

use super::{super::clusters::MeshKind, *};

fn clusters(yaml: &str) -> (ClustersConfig, Vec<String>) {
    let loaded = load_one(yaml).unwrap();
    (loaded.config.clusters, loaded.warnings)
}

fn only(yaml: &str) -> ClusterConfig {
    let (config, warnings) = clusters(yaml);
    assert_eq!(warnings, [""; 0]);
    let [cluster] = config.clusters.try_into().unwrap();
    cluster
}

#[test]
fn each_way_to_a_cluster_is_read() {
    for (yaml, expected) in [
        (
            "{ kubeconfig: ./kc, context: aws }",
            KubernetesConfig::Kubeconfig {
                file: "/etc/cb/./kc".into(),
                context: Some("aws".to_owned()),
            },
        ),
        ("{ inCluster: true }", KubernetesConfig::InCluster),
        ("{ snapshot: /snap }", KubernetesConfig::Snapshot("/snap".into())),
        (
            "{ url: 'https://k.test:6443', caFile: ca.pem, tokenFile: token }",
            KubernetesConfig::Address {
                url: Url::parse("https://k.test:6443").unwrap(),
                ca_file: Some("/etc/cb/ca.pem".into()),
                credentials: KubernetesCredentials::TokenFile("/etc/cb/token".into()),
            },
        ),
        (
            "{ url: 'https://k.test', certFile: c, keyFile: k }",
            KubernetesConfig::Address {
                url: Url::parse("https://k.test").unwrap(),
                ca_file: None,
                credentials: KubernetesCredentials::Certificate {
                    certificate_file: "/etc/cb/c".into(),
                    key_file: "/etc/cb/k".into(),
                },
            },
        ),
    ] {
        let yaml = format!("callboard: {{ clusters: [{{ name: a, kubernetes: {yaml} }}] }}");
        assert_eq!(only(&yaml).kubernetes, Ok(expected), "{yaml}");
    }
}

#[test]
fn a_bad_entry_is_a_fault_of_its_cluster_and_not_of_the_start() {
    for (yaml, word) in [
        ("{}", "kubeconfig, inCluster, url or snapshot"),
        ("{ inCluster: true, snapshot: ./x }", "inCluster and snapshot"),
        ("{ url: 'http://k.test' }", "https"),
        ("{ url: 'not a url' }", "https"),
        ("{ url: 'https://k.test', certFile: c }", "certFile and keyFile"),
        ("{ url: 'https://k.test', tokenFile: t, certFile: c, keyFile: k }", "either tokenFile"),
    ] {
        let yaml = format!("callboard: {{ clusters: [{{ name: a, kubernetes: {yaml} }}] }}");
        let reason = only(&yaml).kubernetes.unwrap_err();
        assert!(reason.contains(word), "{reason}");
        assert!(reason.starts_with("callboard.clusters[0].kubernetes"), "{reason}");
    }
}

#[test]
fn the_central_store_measures_clusters_without_a_prometheus_of_their_own() {
    let (config, warnings) = clusters(
        "callboard:
           prometheus: { url: 'https://mimir.test/prometheus', clusterLabel: cluster,
                         headers: { X-Scope-OrgID: bank } }
           clusters:
             - { name: a, cloud: AWS, region: eu-west-1, kubernetes: { inCluster: true } }
             - { name: b, kubernetes: { inCluster: true }, prometheus: { snapshot: ./b },
                 mesh: { kind: linkerd } }",
    );
    assert_eq!(warnings, [""; 0]);
    let [a, b] = config.clusters.try_into().unwrap();
    let Some(Ok(PrometheusConfig::Live(central))) = a.prometheus else { panic!() };
    assert_eq!(central.cluster_label.as_deref(), Some("cluster"));
    assert_eq!(central.headers[0].0, "X-Scope-OrgID");
    assert_eq!(a.place.cloud, Some(Cloud::Aws));
    assert!(a.mesh.is_none());
    assert!(matches!(b.prometheus, Some(Ok(PrometheusConfig::Snapshot(_)))));
    assert_eq!(b.mesh, Some(MeshKind::Linkerd));
    assert_eq!(config.unseen_after_days, 14);
}

#[test]
fn a_second_cluster_of_a_name_and_an_unknown_cloud_are_warnings() {
    let (config, warnings) = clusters(
        "callboard: { clusters: [
           { name: a, cloud: moon, kubernetes: { inCluster: true } },
           { name: a, kubernetes: { snapshot: ./x } } ] }",
    );
    assert_eq!(config.clusters.len(), 1);
    assert_eq!(config.clusters[0].kubernetes, Ok(KubernetesConfig::InCluster));
    assert!(warnings.iter().any(|warning| warning.contains("moon")), "{warnings:?}");
    assert!(warnings.iter().any(|warning| warning.contains("clusters[1]")), "{warnings:?}");
}

#[test]
fn a_cluster_without_a_name_is_an_error() {
    let text = problem("callboard: { clusters: [{ cloud: aws }] }");
    assert!(text.contains("callboard.clusters[0]") && text.contains("a name"), "{text}");
}

#[test]
fn the_password_of_a_prometheus_is_never_printed() {
    let cluster = only(
        "callboard: { clusters: [{ name: a, kubernetes: { inCluster: true }, prometheus: {
           url: 'https://p.test', auth: { basic: { username: u, password: hush } } } }] }",
    );
    assert!(!format!("{cluster:?}").contains("hush"));
    let Some(Ok(PrometheusConfig::Live(address))) = cluster.prometheus else { panic!() };
    let PrometheusAuth::Basic { password, .. } = address.auth else { panic!() };
    assert_eq!(password.expose_secret(), "hush");
}
