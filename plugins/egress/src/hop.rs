//! The rules for one hop of a request.

use std::{net::IpAddr, sync::Arc};

use callboard_plugin::{AllowList, BlockReason, HttpError, http_client::describe};
use url::{Host, Url};

use crate::{
    address::AddressClass,
    resolver::{Pin, Pins, Resolve},
};

/// Which hosts a client may reach at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those of the allow-list.
    Listed,
    /// Those of the allow-list, and others at public addresses.
    Public,
}

/// What a client may do.
#[derive(Debug, Clone)]
pub struct EgressPolicy {
    /// Which hosts it may reach.
    pub reach: Reach,
    /// Hosts that may also be at private addresses. An entry that names an address, not a host,
    /// allows this address whatever it is.
    pub allow: AllowList,
}

/// How far the operator trusts the host of a hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// On the allow-list.
    Listed,
    /// Not on it.
    Stranger,
}

/// A hop that passed.
#[derive(Debug)]
pub(crate) struct CheckedHop {
    pub(crate) trust: Trust,
    /// Holds the addresses until the answer is read.
    pub(crate) _pin: Option<Pin>,
}

/// What checks hops.
#[derive(Debug)]
pub(crate) struct HopRules {
    pub(crate) policy: EgressPolicy,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) listed: Pins,
    pub(crate) strangers: Pins,
}

impl HopRules {
    /// Checks `url`, resolves its host and pins the addresses.
    pub(crate) async fn check(&self, url: &Url) -> Result<CheckedHop, HttpError> {
        let blocked = |reason| HttpError::Blocked { url: describe(url), reason };
        let host = check_form(url).map_err(blocked)?;
        let is_listed = self.policy.allow.allows(url);
        let trust = if is_listed { Trust::Listed } else { Trust::Stranger };
        if trust == Trust::Stranger {
            if self.policy.reach == Reach::Listed {
                return Err(blocked(BlockReason::NotAllowed));
            }
            if url.port().is_some_and(is_port_of_another_protocol) {
                return Err(blocked(BlockReason::Port));
            }
        }
        let name = match host {
            Host::Ipv4(address) => return self.check_literal(url, trust, address.into()),
            Host::Ipv6(address) => return self.check_literal(url, trust, address.into()),
            Host::Domain(name) => name,
        };
        let addresses = match self.resolver.resolve(name).await {
            Ok(addresses) if !addresses.is_empty() => addresses,
            _ => return Err(HttpError::Resolve { url: describe(url) }),
        };
        if !addresses.iter().all(|address| is_open(*address, trust)) {
            return Err(blocked(BlockReason::Address));
        }
        let pins = match trust {
            Trust::Listed => &self.listed,
            Trust::Stranger => &self.strangers,
        };
        Ok(CheckedHop { trust, _pin: Some(pins.pin(name, addresses)) })
    }

    fn check_literal(
        &self,
        url: &Url,
        trust: Trust,
        address: IpAddr,
    ) -> Result<CheckedHop, HttpError> {
        if is_open(address, trust) || self.policy.allow.allows_address(url) {
            return Ok(CheckedHop { trust, _pin: None });
        }
        Err(HttpError::Blocked { url: describe(url), reason: BlockReason::Address })
    }
}

fn is_open(address: IpAddr, trust: Trust) -> bool {
    match AddressClass::of(address) {
        AddressClass::Public => true,
        AddressClass::Private => trust == Trust::Listed,
        AddressClass::Forbidden => false,
    }
}

fn check_form(url: &Url) -> Result<Host<&str>, BlockReason> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BlockReason::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BlockReason::UserInfo);
    }
    url.host().ok_or(BlockReason::Scheme)
}

/// Ports to which browsers send no requests. Source: Fetch standard, "bad port".
fn is_port_of_another_protocol(port: u16) -> bool {
    matches!(
        port,
        0..=1 | 7 | 9 | 11 | 13 | 15 | 17 | 19 | 20..=23 | 25 | 37 | 42 | 43 | 53 | 69 | 77 | 79
            | 87 | 95 | 101..=104 | 109..=111 | 113 | 115 | 117 | 119 | 123 | 135 | 137 | 139 | 143
            | 161 | 179 | 389 | 427 | 465 | 512..=515 | 526 | 530..=532 | 540 | 548 | 554 | 556
            | 563 | 587 | 601 | 636 | 989 | 990 | 993 | 995 | 1719 | 1720 | 1723 | 2049 | 3659
            | 4045 | 4190 | 5060 | 5061 | 6000 | 6379 | 6566 | 6665..=6669 | 6679 | 6697 | 10080
            | 11211
    )
}
