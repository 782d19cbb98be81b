//! Names to addresses: once for each hop, and pinned for its connection.

use std::{
    collections::HashMap,
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolving};

/// Finds the addresses of a host.
#[async_trait]
pub trait Resolve: Send + Sync + fmt::Debug {
    /// Every address of `host`, a name in lower case.
    ///
    /// # Errors
    ///
    /// As the operating system says; an empty list is as good.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// The addresses that were checked for hosts of which requests are under way.
///
/// This is all that the connector can find: a name that no check has passed has no address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pins(Arc<Mutex<HashMap<String, Pinned>>>);

#[derive(Debug)]
struct Pinned {
    addresses: Vec<IpAddr>,
    holders: usize,
}

/// Keeps the addresses of a host as long as it lives.
#[derive(Debug)]
pub(crate) struct Pin {
    pins: Pins,
    host: String,
}

impl Pins {
    /// Lets connections to `host` go to `addresses`, and nowhere else.
    pub(crate) fn pin(&self, host: &str, addresses: Vec<IpAddr>) -> Pin {
        let mut pins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pinned =
            pins.entry(host.to_owned()).or_insert(Pinned { addresses: Vec::new(), holders: 0 });
        pinned.addresses = addresses;
        pinned.holders += 1;
        Pin { pins: self.clone(), host: host.to_owned() }
    }

    fn addresses(&self, host: &str) -> Option<Vec<IpAddr>> {
        let pins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pins.get(host).map(|pinned| pinned.addresses.clone())
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.pins.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pinned) = pins.get_mut(&self.host) {
            pinned.holders -= 1;
            if pinned.holders == 0 {
                pins.remove(&self.host);
            }
        }
    }
}

impl reqwest::dns::Resolve for Pins {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.addresses(name.as_str());
        Box::pin(async move {
            let addresses = addresses.ok_or("the host was not checked")?;
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            let addresses: Addrs = Box::new(addresses);
            Ok(addresses)
        })
    }
}
