//! TLS on plain threads: connections to API servers, and the proxy's own side.

use std::{fs, net::TcpStream, path::Path, sync::Arc};

use anyhow::Context;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};

/// The client's side of a connection.
pub(crate) type ClientStream = StreamOwned<ClientConnection, TcpStream>;

/// The server's side of a connection.
pub(crate) type ServerStream = StreamOwned<ServerConnection, TcpStream>;

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Trusts one certificate authority alone.
pub(crate) fn trusting(ca_file: &Path) -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&read(ca_file)?) {
        roots.add(certificate.context("not a certificate")?)?;
    }
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Shows one certificate and asks clients for none.
pub(crate) fn showing(certificate: &Path, key: &Path) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_slice_iter(&read(certificate)?).collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(&read(key)?)?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

/// A connection to loopback. The handshake comes with the first byte.
pub(crate) fn connect(
    config: &Arc<ClientConfig>,
    stream: TcpStream,
) -> anyhow::Result<ClientStream> {
    let name = ServerName::try_from("127.0.0.1")?;
    Ok(StreamOwned::new(ClientConnection::new(Arc::clone(config), name)?, stream))
}

/// The server's side of what was accepted. The handshake comes with the first byte.
pub(crate) fn accept(
    config: &Arc<ServerConfig>,
    stream: TcpStream,
) -> anyhow::Result<ServerStream> {
    Ok(StreamOwned::new(ServerConnection::new(Arc::clone(config))?, stream))
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
}
