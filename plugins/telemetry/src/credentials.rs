//! How a source knows Callboard.

use std::{io, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use secrecy::{ExposeSecret as _, SecretString};

/// The largest file that can be a token, in bytes.
const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// How a source knows Callboard. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub enum MetricsCredentials {
    /// A token that never changes.
    Bearer(SecretString),
    /// A file that holds the token; read anew for every query, so that it can be renewed.
    BearerFile(PathBuf),
    /// A user name and a password.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: SecretString,
    },
}

/// Why there are no credentials to send. Says nothing of what they are.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
    #[error("its token file {} cannot be read", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("its token or password cannot stand in a header")]
    Form,
}

impl MetricsCredentials {
    /// The header, as it is now.
    pub(crate) async fn header(&self) -> Result<HeaderMap, CredentialsError> {
        let text = match self {
            Self::Bearer(token) => bearer(token.expose_secret())?,
            Self::BearerFile(path) => {
                let read = tokio::fs::read_to_string(path).await;
                let token = read
                    .map_err(|source| CredentialsError::File { path: path.clone(), source })
                    .map(SecretString::from)?;
                bearer(token.expose_secret())?
            }
            Self::Basic { username, password } => {
                let pair = format!("{username}:{}", password.expose_secret());
                format!("Basic {}", STANDARD.encode(pair))
            }
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| CredentialsError::Form)?;
        value.set_sensitive(true);
        Ok([(AUTHORIZATION, value)].into_iter().collect())
    }
}

/// The header of a token; an empty one would be sent as nobody's.
fn bearer(token: &str) -> Result<String, CredentialsError> {
    let token = token.trim();
    if token.is_empty() || token.len() > MAX_TOKEN_BYTES {
        return Err(CredentialsError::Form);
    }
    Ok(format!("Bearer {token}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn header(credentials: MetricsCredentials) -> Result<String, CredentialsError> {
        let headers = credentials.header().await?;
        Ok(headers[AUTHORIZATION].to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn each_form_has_its_header() {
        let basic = MetricsCredentials::Basic {
            username: "callboard".into(),
            password: "pässword".into(),
        };
        assert_eq!(header(basic).await.unwrap(), "Basic Y2FsbGJvYXJkOnDDpHNzd29yZA==");
        let token = MetricsCredentials::Bearer("  token\n".into());
        assert_eq!(header(token).await.unwrap(), "Bearer token");
    }

    #[tokio::test]
    async fn what_cannot_be_a_header_is_refused_without_being_shown() {
        for secret in ["", "  \n", "two\nlines"] {
            let refused = header(MetricsCredentials::Bearer(secret.into())).await.unwrap_err();
            assert!(matches!(refused, CredentialsError::Form), "{secret:?}");
        }
    }
}
