//! Passes bytes on, as fast as the fault of the moment allows.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use super::{Fault, Shared};
use crate::lab::{http, pause::pause};

/// How often a stream that hangs is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Passes bytes between a client and the real server until one of them closes.
pub(super) fn pass(shared: &Arc<Shared>, client: TcpStream) -> anyhow::Result<()> {
    let server = http::connect(&format!("127.0.0.1:{}", shared.upstream))?;
    for stream in [&server, &client] {
        stream.set_read_timeout(None)?;
        stream.set_write_timeout(None)?;
    }
    shared.watch(&server)?;
    let (requests, answers) = (client.try_clone()?, server.try_clone()?);
    let upward = Arc::clone(shared);
    thread::spawn(move || copy(&upward, requests, answers));
    copy(shared, server, client);
    Ok(())
}

fn copy(shared: &Shared, mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read) = from.read(&mut buffer) {
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() || forward(shared, bytes, &mut to).is_err() {
            break;
        }
    }
    // Whoever closed first, nothing more will come.
    from.shutdown(Shutdown::Both).unwrap_or_default();
    to.shutdown(Shutdown::Both).unwrap_or_default();
}

fn forward(shared: &Shared, mut bytes: &[u8], to: &mut TcpStream) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match shared.fault() {
            Fault::Hang => pause(LOOK),
            Fault::Slow => {
                let (first, rest) = bytes.split_at(1);
                to.write_all(first)?;
                bytes = rest;
                pause(Duration::from_secs(1));
            }
            _ => return to.write_all(bytes),
        }
    }
    Ok(())
}
