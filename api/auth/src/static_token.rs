//! Static tokens of services: `backend.auth.externalAccess` of type `static`.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::principal::{AccessRestriction, Caller, Principal, SignInMethod};

/// The shortest token that is accepted, in characters; upstream's minimum.
const MIN_LENGTH: usize = 8;

/// A token and whom it stands for. Only the hash of the token is kept.
#[derive(Debug, Clone)]
pub struct StaticToken {
    hash: [u8; 32],
    subject: Arc<str>,
    restrictions: Option<Arc<[AccessRestriction]>>,
}

/// Why a token of the configuration cannot be used. Never holds the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StaticTokenError {
    /// Too short to be safe.
    #[error("the static token of subject {subject} is shorter than {MIN_LENGTH} characters")]
    TooShort {
        /// Whose token.
        subject: String,
    },
    /// Holds blanks or control characters, which a header cannot carry.
    #[error("the static token of subject {subject} holds blanks or control characters")]
    Characters {
        /// Whose token.
        subject: String,
    },
}

impl StaticToken {
    /// A token for `subject`.
    ///
    /// # Errors
    ///
    /// [`StaticTokenError`] for a token that is too short or could not be sent.
    pub fn new(
        token: &str,
        subject: &str,
        restrictions: Option<Arc<[AccessRestriction]>>,
    ) -> Result<Self, StaticTokenError> {
        let subject_text = || subject.to_owned();
        if token.chars().any(|character| character.is_whitespace() || character.is_control()) {
            return Err(StaticTokenError::Characters { subject: subject_text() });
        }
        if token.chars().count() < MIN_LENGTH {
            return Err(StaticTokenError::TooShort { subject: subject_text() });
        }
        let hash = Sha256::digest(token.as_bytes()).into();
        Ok(Self { hash, subject: format!("external:{subject}").into(), restrictions })
    }
}

/// All static tokens.
#[derive(Debug, Clone, Default)]
pub struct StaticTokens(Vec<StaticToken>);

impl StaticTokens {
    /// These tokens.
    pub fn new(tokens: Vec<StaticToken>) -> Self {
        Self(tokens)
    }

    /// The caller that `token` stands for. Compares hashes in constant time, every one.
    pub fn caller(&self, token: &str) -> Option<Caller> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut found = None;
        for known in &self.0 {
            if bool::from(known.hash.ct_eq(&hash)) && found.is_none() {
                found = Some(known);
            }
        }
        found.map(|known| Caller {
            principal: Principal::Service {
                subject: Arc::clone(&known.subject),
                restrictions: known.restrictions.clone(),
            },
            via: SignInMethod::Service,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_token_is_its_subject_and_any_other_is_nobody() {
        let token = StaticToken::new("correct-horse", "ci", None).unwrap();
        let tokens = StaticTokens::new(vec![token]);
        let caller = tokens.caller("correct-horse").unwrap();
        assert!(
            matches!(caller.principal, Principal::Service { subject, .. } if &*subject == "external:ci")
        );
        assert_eq!(tokens.caller("correct-horsf"), None);
        assert_eq!(tokens.caller(""), None);
    }

    #[test]
    fn a_weak_token_is_refused_without_being_named() {
        let error = StaticToken::new("short", "ci", None).unwrap_err();
        assert!(!error.to_string().contains("short ") && error.to_string().contains("ci"));
    }
}
