//! Faults between Callboard and a real API server: a proxy that ends TLS on both sides, passes
//! bytes on while nothing is wrong, and does what a broken server or network does when told to.
#![expect(clippy::expect_used, reason = "a broken proxy fails the test")]

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::kubernetes::{KubernetesServers, Pki};

/// An answer to a request by its path, as bytes of HTTP/1.1; `None` = the server's own.
pub type Answer = Arc<dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync>;

/// What is wrong.
#[derive(Clone)]
pub enum Fault {
    /// Nothing.
    None,
    /// Connections are accepted and stay open, and nothing comes any more.
    Hang,
    /// Connections are closed as soon as they are there.
    Cut,
    /// What the server sends comes at one byte a second.
    Trickle,
    /// These bytes come instead of TLS.
    Garbage(Vec<u8>),
    /// The certificate is another one's.
    WrongCertificate,
    /// Requests are answered by the proxy.
    Answers(Answer),
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "None",
            Self::Hang => "Hang",
            Self::Cut => "Cut",
            Self::Trickle => "Trickle",
            Self::Garbage(_) => "Garbage",
            Self::WrongCertificate => "WrongCertificate",
            Self::Answers(_) => "Answers",
        })
    }
}

impl Fault {
    /// Every request is answered so.
    pub fn always(response: Vec<u8>) -> Self {
        Self::Answers(Arc::new(move |_| Some(response.clone())))
    }

    /// Every request is answered with a status and a text of this type.
    pub fn status(status: u16, content_type: &str, body: &str) -> Self {
        Self::always(response(status, &[("content-type", content_type)], body.as_bytes()))
    }
}

/// An answer of HTTP/1.1 that ends its connection.
pub fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let headers: String = headers.collect();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
    );
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// See the module. Ends when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    _serving: JoinSet<()>,
}

#[derive(Clone)]
struct Way {
    upstream: String,
    connector: TlsConnector,
    acceptor: TlsAcceptor,
    impostor: TlsAcceptor,
}

impl FaultProxy {
    /// A proxy in front of a server, on a free port, without a fault.
    ///
    /// # Errors
    ///
    /// If the certificates cannot be used or no port is free.
    pub async fn start(servers: &KubernetesServers, name: &str) -> anyhow::Result<Self> {
        let pki = servers.pki();
        let mut roots = RootCertStore::empty();
        roots.add(certificate(pki, "ca")?)?;
        let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let way = Way {
            upstream: servers.address(name),
            connector: TlsConnector::from(Arc::new(client)),
            acceptor: acceptor(pki, "server")?,
            impostor: acceptor(pki, "impostor")?,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let fault = watch::Sender::new(Fault::None);
        let faults = fault.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                let (way, faults) = (way.clone(), faults.subscribe());
                connections.spawn(async move { serve(connection, way, faults).await.ok() });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, fault, _serving: serving })
    }

    /// Where it listens, as the address of an API server.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// From now on this is wrong, for open connections too.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }
}

async fn serve(
    mut client: TcpStream,
    way: Way,
    mut faults: watch::Receiver<Fault>,
) -> io::Result<()> {
    let fault = faults.borrow_and_update().clone();
    match fault {
        Fault::Cut => Ok(()),
        Fault::Hang => hang(&mut faults).await,
        Fault::Garbage(bytes) => client.write_all(&bytes).await,
        Fault::WrongCertificate => way.impostor.accept(client).await.map(drop),
        Fault::None => {
            let client = way.acceptor.accept(client).await?;
            pass(client, &way, &mut faults).await
        }
        Fault::Trickle => {
            let client = way.acceptor.accept(client).await?;
            let server = connect(&way).await?;
            tokio::select! {
                passed = trickle(client, server) => passed,
                _ = faults.changed() => Ok(()),
            }
        }
        Fault::Answers(answer) => {
            let client = way.acceptor.accept(client).await?;
            tokio::select! {
                answered = answer_one(client, &way, &answer) => answered,
                _ = faults.changed() => Ok(()),
            }
        }
    }
}

/// Passes everything on until something is wrong; then does what that means for a connection
/// that is open.
async fn pass(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    way: &Way,
    faults: &mut watch::Receiver<Fault>,
) -> io::Result<()> {
    let mut server = connect(way).await?;
    tokio::select! {
        passed = copy_bidirectional(&mut client, &mut server) => return passed.map(drop),
        _ = faults.changed() => {}
    }
    let fault = faults.borrow_and_update().clone();
    match fault {
        Fault::Hang => hang(faults).await,
        Fault::Trickle => tokio::select! {
            passed = trickle(client, server) => passed,
            _ = faults.changed() => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Keeps a connection open until something else is wrong.
async fn hang(faults: &mut watch::Receiver<Fault>) -> io::Result<()> {
    faults.changed().await.map_err(io::Error::other)
}

async fn trickle(
    client: impl AsyncRead + AsyncWrite + Unpin,
    server: impl AsyncRead + AsyncWrite + Unpin,
) -> io::Result<()> {
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let down = async {
        let mut byte = [0];
        while from_server.read(&mut byte).await? > 0 {
            to_client.write_all(&byte).await?;
            to_client.flush().await?;
            // This is the fault itself.
            sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    };
    tokio::select! {
        done = down => done,
        done = tokio::io::copy(&mut from_client, &mut to_server) => done.map(drop),
    }
}

/// Answers one request, or has the server answer it.
async fn answer_one(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    way: &Way,
    answer: &Answer,
) -> io::Result<()> {
    let mut request = Vec::new();
    let head_end = loop {
        if let Some(at) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if client.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8_lossy(request.get(..head_end).unwrap_or_default()).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    if let Some(bytes) = answer(path) {
        client.write_all(&bytes).await?;
        return client.shutdown().await;
    }
    // The server closes after its answer, so that the next request comes to us again.
    let mut server = connect(way).await?;
    let rest = request.get(head_end..).unwrap_or_default();
    server.write_all(format!("{head}\r\nconnection: close").as_bytes()).await?;
    server.write_all(rest).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

async fn connect(way: &Way) -> io::Result<impl AsyncRead + AsyncWrite + Unpin> {
    let server = TcpStream::connect(&way.upstream).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    way.connector.connect(name, server).await
}

fn certificate(pki: &Pki, name: &str) -> anyhow::Result<CertificateDer<'static>> {
    CertificateDer::from_pem_file(pki.certificate(name)).context("a certificate")
}

fn acceptor(pki: &Pki, name: &str) -> anyhow::Result<TlsAcceptor> {
    let key = PrivateKeyDer::from_pem_file(pki.key(name)).context("a key")?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate(pki, name)?], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
