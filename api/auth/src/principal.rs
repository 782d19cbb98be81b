//! Who asks.

use std::sync::Arc;

use callboard_model::EntityRef;

/// How a caller proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignInMethod {
    /// The demo's guest: no credentials asked for.
    Guest,
    /// A session of the portal.
    Session,
    /// A Backstage user token.
    Token,
    /// A token of a service (`backend.auth.externalAccess`).
    Service,
    /// Not at all.
    None,
}

/// What a service token is confined to. Source: Backstage `accessRestrictions`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccessRestriction {
    /// The plugin that may be called, such as `catalog`.
    pub plugin: Box<str>,
    /// The permissions that may be used; empty = all of the plugin.
    pub permissions: Box<[Box<str>]>,
}

/// Whom the credentials stand for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A person.
    User {
        /// The User entity.
        entity_ref: EntityRef,
    },
    /// A program.
    Service {
        /// Its name, such as `external:ci`.
        subject: Arc<str>,
        /// What it is confined to; `None` = unrestricted, as upstream.
        restrictions: Option<Arc<[AccessRestriction]>>,
    },
    /// Nobody: no credentials were given.
    None,
}

/// The one on whose behalf a request is answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// How we know.
    pub via: SignInMethod,
}

impl Caller {
    /// A caller without credentials.
    pub const fn anonymous() -> Self {
        Self { principal: Principal::None, via: SignInMethod::None }
    }

    /// The demo's guest, `user:development/guest` as upstream's guest provider names it.
    pub fn guest() -> Self {
        let entity_ref = EntityRef::new("user", "development", "guest");
        Self { principal: Principal::User { entity_ref }, via: SignInMethod::Guest }
    }

    /// Whether no credentials were given.
    pub const fn is_anonymous(&self) -> bool {
        matches!(self.principal, Principal::None)
    }

    /// The plugins that the caller's credentials are confined to; `None` = not confined.
    pub fn plugins(&self) -> Option<Vec<&str>> {
        match &self.principal {
            Principal::Service { restrictions: Some(restrictions), .. } => {
                Some(restrictions.iter().map(|restriction| &*restriction.plugin).collect())
            }
            _ => None,
        }
    }
}
