//! From a configured cluster to a client of its own. Nothing is sent yet.

use std::{path::Path, time::Duration};

use http::Uri;
use kube::{
    Config,
    client::AuthError,
    config::{AuthInfo, KubeConfigOptions, Kubeconfig},
};
use tokio::{task::spawn_blocking, time::timeout};

use crate::{
    client::ApiClient,
    config::{ClusterConfig, Connection, Credentials},
    failure::{Failure, shortened},
};
/// How long a TCP and TLS connection may take to come up.
const CONNECT_TIME: Duration = Duration::from_secs(3);

/// How long files and an `exec` plugin may take together.
const CREDENTIALS_TIME: Duration = Duration::from_secs(10);

/// A client of the cluster. Files are read now; a token file is read again at least once a
/// minute, a bundle of certificates too.
///
/// The server's certificate must be signed by the configured authority, or, where none is
/// configured, by one that the machine trusts: `insecure-skip-tls-verify` is refused, and so is
/// plain HTTP to another machine. The client follows no redirect, so credentials go to the
/// configured host alone.
///
/// # Errors
///
/// [`Failure::Configuration`].
pub(crate) async fn connect(config: &ClusterConfig) -> Result<ApiClient, Failure> {
    let config = config.clone();
    let budget = config.budget;
    // Files and plugins block.
    let runtime = tokio::runtime::Handle::current();
    let made = spawn_blocking(move || {
        let mut settings = runtime.block_on(settings(&config))?;
        check(&settings)?;
        settings.connect_timeout = Some(CONNECT_TIME);
        settings.default_retry = false;
        kube::Client::try_from(settings).map_err(|error| unusable(&error))
    });
    let late = || wrong("the credentials cannot be had within 10 s".to_owned());
    let made = timeout(CREDENTIALS_TIME, made).await.map_err(|_| late())?;
    let client = made.map_err(|_| wrong("the client cannot be made".to_owned()))??;
    Ok(ApiClient::new(client, budget))
}

async fn settings(config: &ClusterConfig) -> Result<Config, Failure> {
    match &config.connection {
        Connection::Kubeconfig { path, context } => {
            kubeconfig(path, context.as_deref(), &config.allowed_exec).await
        }
        Connection::InCluster => Config::incluster().map_err(|error| {
            wrong(format!("this process is not in a cluster: {}", shortened(&error.to_string())))
        }),
        Connection::Url { url, ca_file, credentials } => {
            by_url(url, ca_file.as_deref(), credentials)
        }
        Connection::Snapshot(_) => Err(wrong("a snapshot has no server".to_owned())),
        Connection::Unusable(reason) => Err(wrong(shortened(reason))),
    }
}

async fn kubeconfig(
    path: &Path,
    context: Option<&str>,
    allowed_exec: &[String],
) -> Result<Config, Failure> {
    let said = |error: kube::config::KubeconfigError| {
        wrong(format!("{}: {}", path.display(), shortened(&error.to_string())))
    };
    let file = Kubeconfig::read_from(path).map_err(said)?;
    let context = context.or(file.current_context.as_deref());
    let context =
        context.ok_or_else(|| wrong(format!("{} has no current context", path.display())))?;
    if let Some(user) = user(&file, context) {
        check_plugins(user, allowed_exec)?;
    }
    let options =
        KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
    Config::from_custom_kubeconfig(file.clone(), &options).await.map_err(said)
}

/// The user of a context.
fn user<'a>(file: &'a Kubeconfig, context: &str) -> Option<&'a AuthInfo> {
    let context = file.contexts.iter().find(|one| one.name == context)?;
    let name = context.context.as_ref()?.user.as_ref()?;
    file.auth_infos.iter().find(|one| one.name == *name)?.auth_info.as_ref()
}

/// Programs run only if the operator named them.
fn check_plugins(user: &AuthInfo, allowed_exec: &[String]) -> Result<(), Failure> {
    if user.auth_provider.is_some() {
        return Err(wrong(
            "auth-provider is not supported; use exec, a token or a certificate".to_owned(),
        ));
    }
    let Some(exec) = &user.exec else { return Ok(()) };
    let command = exec.command.as_deref().unwrap_or_default();
    if allowed_exec.iter().any(|allowed| allowed == command) {
        return Ok(());
    }
    Err(wrong(format!("the exec plugin {command:?} is not among those that may run")))
}

fn by_url(url: &str, ca_file: Option<&Path>, credentials: &Credentials) -> Result<Config, Failure> {
    let address: Uri = url.parse().map_err(|_| wrong(format!("{url:?} is not an address")))?;
    let mut settings = Config::new(address);
    settings.root_cert_file = ca_file.map(Path::to_owned);
    let text = |path: &Path| Some(path.to_string_lossy().into_owned());
    match credentials {
        Credentials::Anonymous => {}
        Credentials::TokenFile(path) => settings.auth_info.token_file = text(path),
        Credentials::ClientCertificate { certificate, key } => {
            settings.auth_info.client_certificate = text(certificate);
            settings.auth_info.client_key = text(key);
        }
    }
    Ok(settings)
}

fn check(settings: &Config) -> Result<(), Failure> {
    if settings.accept_invalid_certs {
        return Err(wrong(
            "insecure-skip-tls-verify is not supported; name the authority's certificate"
                .to_owned(),
        ));
    }
    let url = &settings.cluster_url;
    let host = url.host().unwrap_or_default();
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "::1");
    match url.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_here => Ok(()),
        Some("http") => Err(wrong(format!("{host} must be reached with https"))),
        _ => Err(wrong(format!("{url} is not an address of an API server"))),
    }
}

/// Why kube refuses the settings; what a plugin printed is not told.
fn unusable(error: &kube::Error) -> Failure {
    let kube::Error::Auth(error) = error else {
        return wrong(shortened(&error.to_string()));
    };
    wrong(match error {
        AuthError::ReadTokenFile(error, path) => format!("{}: {error}", path.display()),
        AuthError::AuthExecStart(error) => format!("the exec plugin does not start: {error}"),
        AuthError::AuthExecRun { cmd, out } => {
            format!("the exec plugin {} fails with {}", shortened(cmd), out.status)
        }
        _ => "the credentials cannot be used".to_owned(),
    })
}

fn wrong(what: String) -> Failure {
    Failure::Configuration(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(yaml: &str) -> AuthInfo {
        let file = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
             contexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n\
             clusters: [{{name: k, cluster: {{server: 'https://127.0.0.1:1'}}}}]\n\
             users: [{{name: u, user: {yaml}}}]"
        );
        let file = Kubeconfig::from_yaml(&file).unwrap();
        user(&file, "c").unwrap().clone()
    }

    #[test]
    fn only_named_plugins_run() {
        let exec = auth("{exec: {apiVersion: client.authentication.k8s.io/v1, command: aws}}");
        assert!(check_plugins(&exec, &[]).is_err());
        assert!(check_plugins(&exec, &["/usr/bin/aws".to_owned()]).is_err());
        assert!(check_plugins(&exec, &["aws".to_owned()]).is_ok());
    }

    #[test]
    fn auth_providers_never_run() {
        let provider = auth("{auth-provider: {name: gcp, config: {cmd-path: /bin/true}}}");
        assert!(check_plugins(&provider, &["/bin/true".to_owned()]).is_err());
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        let of = |url: &str| check(&Config::new(url.parse().unwrap()));
        assert!(of("https://10.0.0.1:6443").is_ok());
        assert!(of("http://127.0.0.1:8001").is_ok());
        assert!(of("http://10.0.0.1:8080").is_err());
    }

    #[test]
    fn certificates_are_always_checked() {
        let mut settings = Config::new("https://10.0.0.1".parse().unwrap());
        settings.accept_invalid_certs = true;
        assert!(check(&settings).is_err());
    }
}
