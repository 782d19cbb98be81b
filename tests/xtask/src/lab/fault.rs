//! A proxy between Callboard and a real server, that does what networks and broken servers do.
//!
//! Without a fault it passes bytes on and touches nothing: with an API server, TLS goes from end
//! to end. Where it answers itself, it ends TLS, with a certificate of the same authority.

mod answers;
mod pump;

use std::{
    fmt,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use rustls::{ClientConfig, ServerConfig};
use serde_json::Value;

pub(crate) use self::answers::{Answer, endless_pods, million_pods};
use super::{
    kubernetes::{Certificate, Kubernetes},
    tls,
};

/// What is wrong.
#[derive(Clone)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Connections stay open and nothing comes any more.
    Hang,
    /// One byte a second.
    Slow,
    /// A certificate of another host.
    Stranger,
    /// The same answer to every request whose target contains the text; others are passed on.
    Answer(&'static str, Answer),
    /// Answers of the real server, changed.
    Changed(fn(Value) -> Value),
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "None",
            Self::Hang => "Hang",
            Self::Slow => "Slow",
            Self::Stranger => "Stranger",
            Self::Answer(..) => "Answer",
            Self::Changed(_) => "Changed",
        })
    }
}

/// How the proxy ends TLS, where it does.
#[derive(Debug, Clone)]
struct Ends {
    own: Arc<ServerConfig>,
    stranger: Arc<ServerConfig>,
    upstream: Arc<ClientConfig>,
}

/// The proxy. Ends with xtask.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

/// What its connections share.
#[derive(Debug)]
struct Shared {
    upstream: u16,
    tls: Option<Ends>,
    fault: Mutex<Fault>,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// Stands before a cluster.
    pub(crate) fn before_cluster(clusters: &Kubernetes, name: &str) -> anyhow::Result<Self> {
        let certificates = clusters.certificates();
        let showing = |it: &Certificate| tls::showing(&it.file, &it.key);
        let ends = Ends {
            own: showing(&certificates.server())?,
            stranger: showing(&certificates.stranger())?,
            upstream: tls::trusting(&certificates.authority())?,
        };
        Self::start(clusters.port(name)?, Some(ends))
    }

    /// Stands before a server without TLS on a port of loopback.
    pub(crate) fn before(port: u16) -> anyhow::Result<Self> {
        Self::start(port, None)
    }

    fn start(upstream: u16, tls: Option<Ends>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let (fault, open) = (Mutex::new(Fault::None), Mutex::default());
        let shared = Arc::new(Shared { upstream, tls, fault, open });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&accepting);
                thread::spawn(move || {
                    // A connection that breaks is what this is for; but it must be seen to.
                    let end = stream.try_clone();
                    shared.serve(stream).unwrap_or_default();
                    end.and_then(|stream| stream.shutdown(Shutdown::Both)).unwrap_or_default();
                });
            }
        });
        Ok(Self { port, shared })
    }

    /// Where it listens on loopback.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Begins a fault, or ends it with [`Fault::None`]. Connections that are open are cut, unless
    /// the fault is theirs to have.
    pub(crate) fn set(&self, fault: Fault) {
        let lasts = matches!(fault, Fault::Hang | Fault::Slow);
        *self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        if !lasts {
            self.cut();
        }
    }

    /// Cuts every connection.
    pub(crate) fn cut(&self) {
        let mut open = self.shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in open.drain(..) {
            // It may be closed already.
            stream.shutdown(Shutdown::Both).unwrap_or_default();
        }
    }
}

impl Shared {
    fn fault(&self) -> Fault {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers a stream, so that it can be cut.
    fn watch(&self, stream: &TcpStream) -> anyhow::Result<()> {
        let copy = stream.try_clone()?;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push(copy);
        Ok(())
    }

    fn serve(self: &Arc<Self>, stream: TcpStream) -> anyhow::Result<()> {
        self.watch(&stream)?;
        stream.set_nodelay(true)?;
        let fault = self.fault();
        match (&fault, &self.tls) {
            (Fault::None | Fault::Hang | Fault::Slow, _) => pump::pass(self, stream),
            (Fault::Stranger, Some(ends)) => {
                answers::serve(self, &fault, tls::accept(&ends.stranger, stream)?)
            }
            (_, Some(ends)) => answers::serve(self, &fault, tls::accept(&ends.own, stream)?),
            (_, None) => answers::serve(self, &fault, stream),
        }
    }
}
