//! The permission of a route as a type in its handler's signature.

use std::{future::Ready, future::ready, marker::PhantomData};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use callboard_auth::{Caller, Permission};

use crate::{
    api_error::{ApiError, ErrorClass},
    caller_extractor::CallerExtractor,
};

/// Whom a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Anybody.
    Public,
    /// Every caller that says who it is; what it may see is decided further in.
    Caller,
    /// Callers whose credentials reach this permission.
    Permission(Permission),
}

/// The first argument of every handler: it lets the request through or refuses it, before any
/// other argument is read.
///
/// A handler without one cannot be put into a [`crate::RouteTable`], and there is no other way to
/// be mounted.
pub trait Guard: FromRequest {
    /// Whom it lets through.
    const AUDIENCE: Audience;

    /// Lets `request` through or not.
    ///
    /// # Errors
    ///
    /// [`ErrorClass::Unauthenticated`] or [`ErrorClass::NotAllowed`].
    fn check(request: &HttpRequest) -> Result<Self, ApiError>;
}

/// The route is for anybody; bad credentials do not matter either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Public;

/// The route is for every caller that says who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// Who.
    pub caller: Caller,
}

/// The route is for callers whose credentials reach `P`.
///
/// The policy's conditions are not decided here but in the read ports, so that what a caller may
/// not read is absent instead of refused. Only a token that is confined to other plugins is
/// refused as a whole, as upstream does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorized<P> {
    /// Who.
    pub caller: Caller,
    permission: PhantomData<P>,
}

/// A permission as a type.
pub trait RequiredPermission: 'static {
    /// The permission.
    const PERMISSION: Permission;
}

/// `catalog.entity.read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogEntityRead {}

impl RequiredPermission for CatalogEntityRead {
    const PERMISSION: Permission = Permission::CatalogEntityRead;
}

impl Guard for Public {
    const AUDIENCE: Audience = Audience::Public;

    fn check(_: &HttpRequest) -> Result<Self, ApiError> {
        Ok(Self)
    }
}

impl Guard for Authenticated {
    const AUDIENCE: Audience = Audience::Caller;

    fn check(request: &HttpRequest) -> Result<Self, ApiError> {
        let CallerExtractor(caller) = CallerExtractor::of(request)?;
        if caller.is_anonymous() {
            return Err(ApiError::new(ErrorClass::Unauthenticated, "Missing credentials"));
        }
        Ok(Self { caller })
    }
}

impl<P: RequiredPermission> Guard for Authorized<P> {
    const AUDIENCE: Audience = Audience::Permission(P::PERMISSION);

    fn check(request: &HttpRequest) -> Result<Self, ApiError> {
        let Authenticated { caller } = Authenticated::check(request)?;
        match caller.plugins() {
            Some(plugins) if !plugins.contains(&P::PERMISSION.plugin()) => {
                let names: Vec<_> = plugins.iter().map(|plugin| format!("'{plugin}'")).collect();
                let names = names.join(", ");
                let message = format!("This token's access is restricted to plugin(s) {names}");
                Err(ApiError::new(ErrorClass::NotAllowed, message))
            }
            _ => Ok(Self { caller, permission: PhantomData }),
        }
    }
}

macro_rules! extract_by_check {
    ([$($parameters:tt)*] $guard:ty) => {
        impl<$($parameters)*> FromRequest for $guard {
            type Error = ApiError;
            type Future = Ready<Result<Self, ApiError>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                ready(Self::check(request))
            }
        }
    };
}

extract_by_check!([] Public);
extract_by_check!([] Authenticated);
extract_by_check!([P: RequiredPermission] Authorized<P>);

/// The arguments of a handler: a [`Guard`] and up to five more.
pub trait GuardedArguments: FromRequest {
    /// The first argument.
    type Guard: Guard;
}

macro_rules! guarded_arguments {
    ($($argument:ident)*) => {
        impl<G: Guard + 'static, $($argument: FromRequest + 'static),*> GuardedArguments
            for (G, $($argument,)*)
        {
            type Guard = G;
        }
    };
}

guarded_arguments!();
guarded_arguments!(A);
guarded_arguments!(A B);
guarded_arguments!(A B C);
guarded_arguments!(A B C D);
guarded_arguments!(A B C D E);
