//! Whether calls are under mutual TLS, of one call and of several together.

use std::sync::Arc;

use callboard_plugin::MeshCall;

use super::TlsState;

/// How far a ratio may be from 0 or 1 and still be all or nothing: it is a quotient of sums.
const EPSILON: f64 = 1e-6;

/// A state and why it is not better.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tls {
    pub(super) state: TlsState,
    pub(super) reason: Option<Arc<str>>,
}

impl Tls {
    /// Of one measured call.
    pub(super) fn of(call: &MeshCall) -> Self {
        let reason = call.insecure.first().map(|share| Arc::clone(&share.reason));
        match call.metrics.secured_ratio {
            None => Self {
                state: TlsState::Unknown,
                reason: reason.or_else(|| Some("no calls were measured in this window".into())),
            },
            Some(ratio) if ratio >= 1.0 - EPSILON => {
                Self { state: TlsState::Secured, reason: None }
            }
            Some(ratio) if ratio <= EPSILON => Self { state: TlsState::Plaintext, reason },
            Some(_) => Self { state: TlsState::Mixed, reason },
        }
    }

    /// Of both together; the worst that is known wins, so that nothing looks safer than it is.
    pub(super) fn and(self, other: Self) -> Self {
        use TlsState::{Mixed, Plaintext, Secured, Unknown};
        let state = match (self.state, other.state) {
            (one, two) if one == two => one,
            (Secured, Unknown) | (Unknown, Secured) => Unknown,
            (Plaintext, Unknown) | (Unknown, Plaintext) => Plaintext,
            _ => Mixed,
        };
        debug_assert!(state != Secured || self.state == other.state, "nothing looks safer");
        let worst = if severity(self.state) >= severity(other.state) { self } else { other };
        let reason = if state == Mixed || state == worst.state { worst.reason } else { None };
        Self { state, reason }
    }
}

fn severity(state: TlsState) -> u8 {
    match state {
        TlsState::Secured => 0,
        TlsState::Unknown => 1,
        TlsState::Mixed => 2,
        TlsState::Plaintext => 3,
    }
}
