//! The limit of the machine: one actix route that answers ready-made bytes and does nothing else.
//!
//! `trivial_route FILE [HEADER: VALUE]…` serves the bytes of FILE with those headers, at every
//! path, and prints `ready: http://HOST:PORT`. Workers and allocator are those of the server.
#![expect(clippy::print_stdout, reason = "prints its address, as the server does")]

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().context("usage: trivial_route FILE [HEADER: VALUE]…")?;
    let body = web::Bytes::from(std::fs::read(&file).with_context(|| file.clone())?);
    let headers = arguments
        .map(|header| {
            let (name, value) = header.split_once(": ").context("a header without a value")?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect::<anyhow::Result<Vec<(String, String)>>>()?;
    let server = HttpServer::new(move || {
        let (body, headers) = (body.clone(), headers.clone());
        App::new().default_service(web::to(move || {
            let mut response = HttpResponse::Ok();
            for (name, value) in &headers {
                response.insert_header((name.as_str(), value.as_str()));
            }
            std::future::ready(response.body(body.clone()))
        }))
    })
    .bind("127.0.0.1:0")?;
    for address in server.addrs() {
        println!("ready: http://{address}");
    }
    server.run().await?;
    Ok(())
}
