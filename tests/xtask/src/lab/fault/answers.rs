//! Requests that the proxy answers itself, or whose answers it changes.

use std::{
    io::{BufReader, Read, Write},
    sync::Arc,
};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::{Fault, Shared};
use crate::lab::{
    http::{self, read_response},
    tls,
};

/// An answer that is made up.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A whole one.
    Fixed {
        /// The status code.
        status: u16,
        /// Headers, the length apart.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: Arc<[u8]>,
    },
    /// A body that is written piece by piece, as long as there are any: the target goes in.
    Pieces(fn(&str) -> Box<dyn Iterator<Item = String>>),
}

impl Answer {
    /// JSON with a status.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::fixed(status, "application/json", body.to_string().as_bytes())
    }

    /// Any body of a type, with a status.
    pub(crate) fn fixed(status: u16, content_type: &str, body: &[u8]) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self::Fixed { status, headers, body: body.into() }
    }

    /// The Status that an API server answers when it refuses.
    pub(crate) fn refusal(status: u16, reason: &str) -> Self {
        Self::json(
            status,
            &json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": reason, "reason": reason, "code": status,
            }),
        )
    }

    /// The same with one more header.
    pub(crate) fn with_header(self, name: &'static str, value: &str) -> Self {
        match self {
            Self::Fixed { status, mut headers, body } => {
                headers.push((name, value.to_owned()));
                Self::Fixed { status, headers, body }
            }
            pieces @ Self::Pieces(_) => pieces,
        }
    }

    fn write(&self, target: &str, to: &mut impl Write) -> anyhow::Result<()> {
        match self {
            Self::Fixed { status, headers, body } => {
                write!(to, "HTTP/1.1 {status} Answer\r\n")?;
                for (name, value) in headers {
                    write!(to, "{name}: {value}\r\n")?;
                }
                write!(to, "content-length: {}\r\n\r\n", body.len())?;
                to.write_all(body)?;
            }
            Self::Pieces(pieces) => {
                write!(to, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")?;
                write!(to, "transfer-encoding: chunked\r\n\r\n")?;
                for piece in pieces(target) {
                    write!(to, "{:x}\r\n{piece}\r\n", piece.len())?;
                }
                write!(to, "0\r\n\r\n")?;
            }
        }
        Ok(to.flush()?)
    }
}

/// A request as it was read.
struct Request {
    /// The first line and the headers, without the empty line.
    lines: Vec<String>,
    body: Vec<u8>,
}

impl Request {
    fn read(from: &mut impl std::io::BufRead) -> anyhow::Result<Self> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                bail!("the client has closed");
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            lines.push(line.to_owned());
        }
        let mut request = Self { lines, body: Vec::new() };
        let length = request.header("content-length").and_then(|length| length.parse().ok());
        request.body.resize(length.unwrap_or(0), 0);
        from.read_exact(&mut request.body)?;
        Ok(request)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let headers = self.lines.iter().filter_map(|line| line.split_once(':'));
        let mut found = headers.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim())
    }

    fn target(&self) -> &str {
        self.lines.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default()
    }

    /// The request to the real server, which is to close behind its answer.
    fn onward(&self) -> Vec<u8> {
        let own = ["connection:", "accept-encoding:"];
        let is_own = |line: &String| {
            let line = line.to_ascii_lowercase();
            own.iter().any(|name| line.starts_with(name))
        };
        let mut lines: Vec<&str> =
            self.lines.iter().filter(|line| !is_own(line)).map(String::as_str).collect();
        lines.push("connection: close");
        let mut bytes = (lines.join("\r\n") + "\r\n\r\n").into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// Answers the requests of one connection.
pub(super) fn serve(
    shared: &Shared,
    fault: &Fault,
    stream: impl Read + Write,
) -> anyhow::Result<()> {
    let mut client = BufReader::new(stream);
    loop {
        let request = Request::read(&mut client)?;
        match fault {
            Fault::Answer(part, answer) if request.target().contains(part) => {
                answer.write(request.target(), client.get_mut())?;
            }
            Fault::Changed(change) => changed(shared, &request, *change, client.get_mut())?,
            _ => return pass_on(shared, &request, client.get_mut()),
        }
    }
}

/// Sends the request to the real server and its answer back, to the last byte.
fn pass_on(shared: &Shared, request: &Request, client: &mut impl Write) -> anyhow::Result<()> {
    let mut server = ask(shared, request)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = server.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(());
        };
        client.write_all(bytes)?;
        client.flush()?;
    }
}

fn changed(
    shared: &Shared,
    request: &Request,
    change: fn(Value) -> Value,
    client: &mut impl Write,
) -> anyhow::Result<()> {
    let response = read_response(&mut BufReader::new(ask(shared, request)?))?;
    let body = change(response.json()?);
    Answer::json(response.status, &body).write(request.target(), client)
}

fn ask(shared: &Shared, request: &Request) -> anyhow::Result<Box<dyn Read>> {
    let stream = http::connect(&format!("127.0.0.1:{}", shared.upstream))?;
    // A watch may be silent for long.
    stream.set_read_timeout(None)?;
    let bytes = request.onward();
    match &shared.tls {
        Some(ends) => said(tls::connect(&ends.upstream, stream)?, &bytes),
        None => said(stream, &bytes),
    }
}

fn said(mut server: impl Read + Write + 'static, bytes: &[u8]) -> anyhow::Result<Box<dyn Read>> {
    server.write_all(bytes).context("the request was not passed on")?;
    Ok(Box::new(server))
}

/// A list of pods that does not end, on one page.
pub(crate) fn endless_pods(_target: &str) -> Box<dyn Iterator<Item = String>> {
    let first = std::iter::once(list_head("", 0));
    Box::new(first.chain((0..).map(|number| pod(number) + ",")))
}

/// A million pods in pages of five hundred: a server that plays by the rules.
pub(crate) fn million_pods(target: &str) -> Box<dyn Iterator<Item = String>> {
    const PAGE: u32 = 500;
    const TOTAL: u32 = 1_000_000;
    let start: u32 = target
        .split(['?', '&'])
        .find_map(|part| part.strip_prefix("continue="))
        .and_then(|number| number.parse().ok())
        .unwrap_or(0);
    let remaining = TOTAL.saturating_sub(start + PAGE);
    let next = if remaining > 0 { (start + PAGE).to_string() } else { String::new() };
    let pods = (start..start + PAGE)
        .map(move |number| pod(number) + if number + 1 == start + PAGE { "]}" } else { "," });
    Box::new(std::iter::once(list_head(&next, remaining)).chain(pods))
}

fn list_head(next: &str, remaining: u32) -> String {
    let mut metadata = json!({ "resourceVersion": "1", "continue": next });
    if let Some(metadata) = metadata.as_object_mut().filter(|_| remaining > 0) {
        metadata.insert("remainingItemCount".to_owned(), json!(remaining));
    }
    format!("{{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{metadata},\"items\":[")
}

fn pod(number: u32) -> String {
    json!({
        "metadata": {
            "name": format!("pod-{number}"), "namespace": "bank", "uid": format!("uid-{number}"),
            "resourceVersion": "1",
            "labels": { "app": format!("app-{number}"), "squad": format!("squad-{number}") },
        },
        "spec": {
            "nodeName": "node-1",
            "containers": [{
                "name": "app", "image": format!("registry.example.test/bank/app-{number}:1.0.0"),
                "env": [{ "name": "A", "value": "b" }, { "name": "C", "value": "d" }],
            }],
        },
        "status": { "phase": "Running" },
    })
    .to_string()
}
