//! Sockets over a real connection: the server of the process on a free port, and a client that
//! knows nothing of it.

use std::net::{SocketAddr, TcpStream};

use actix_web::{HttpServer, dev::ServerHandle};
use tungstenite::{
    Error, HandshakeError, Message, WebSocket, client::IntoClientRequest as _,
    protocol::frame::coding::CloseCode,
};

use super::*;

/// A socket, or the status of the refusal.
type Opened = Result<WebSocket<TcpStream>, u16>;

/// A running server and its address.
fn serve() -> (ServerHandle, SocketAddr) {
    let site = site(AnonymousAccess::Guest);
    let app = move || App::new().configure(|config: &mut web::ServiceConfig| mount(&site, config));
    let server = HttpServer::new(app).workers(1).disable_signals();
    let server = server.bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    (handle, address)
}

/// Runs a client, which blocks, against a server of its own.
async fn against_server(client: impl FnOnce(SocketAddr) + Send + 'static) {
    let (handle, address) = serve();
    let outcome = web::block(move || client(address)).await;
    handle.stop(false).await;
    outcome.unwrap();
}

fn open(address: SocketAddr, origin: &str) -> Opened {
    let mut request = format!("ws://{address}/graphql/ws").into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    if !origin.is_empty() {
        headers.insert("origin", origin.parse().unwrap());
    }
    match tungstenite::client(request, TcpStream::connect(address).unwrap()) {
        Ok((socket, _)) => Ok(socket),
        Err(HandshakeError::Failure(Error::Http(answer))) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

fn status(address: SocketAddr, origin: &str) -> u16 {
    open(address, origin).map_or_else(|refused| refused, |_| 101)
}

#[actix_web::test]
async fn a_page_of_another_site_cannot_open_a_web_socket() {
    against_server(|address| {
        assert_eq!(status(address, "https://evil.example"), 403);
        assert_eq!(status(address, &format!("http://evil.example:{}", address.port())), 403);
        assert_eq!(status(address, &format!("http://{address}")), 101);
    })
    .await;
}

#[actix_web::test]
async fn one_web_socket_too_many_is_told_to_come_again() {
    against_server(|address| {
        let held = [open(address, "").unwrap(), open(address, "").unwrap()];
        assert_eq!(status(address, ""), 503);
        drop(held);
    })
    .await;
}

fn closed_by(address: SocketAddr, bytes: usize) -> (CloseCode, String) {
    let mut socket = open(address, "").unwrap();
    // The server may close before everything is sent.
    drop(socket.send(Message::text("x".repeat(bytes))));
    loop {
        match socket.read() {
            Ok(Message::Close(Some(frame))) => return (frame.code, frame.reason.to_string()),
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[actix_web::test]
async fn a_message_over_the_limit_is_closed_with_the_limit_as_the_reason() {
    against_server(|address| {
        let (code, reason) = closed_by(address, 65_537);
        assert_eq!(code, CloseCode::Size);
        assert!(reason.contains("65536"), "{reason}");
        let (code, _) = closed_by(address, 65_536);
        assert_eq!(code, CloseCode::Library(4400), "it is short enough to be read");
    })
    .await;
}
