//! A small HTTP/1.1 client: one connection that is kept, for loopback alone.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, bail};

use super::config::TOKEN;

/// Longest wait for one answer.
const DEADLINE: Duration = Duration::from_mins(1);

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    /// The status code.
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The whole body, no longer chunked.
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The value of a header; `name` in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> anyhow::Result<serde_json::Value> {
        serde_json::from_slice(&self.body).with_context(|| {
            format!("status {}, not JSON: {}", self.status, String::from_utf8_lossy(&self.body))
        })
    }
}

/// One kept connection to one server.
#[derive(Debug)]
pub(crate) struct Client {
    authority: String,
    token: Option<String>,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    /// Calls `http://HOST:PORT` with the lab's token. Connects at the first request.
    pub(crate) fn new(url: &str) -> Self {
        Self::with_token(url, Some(TOKEN))
    }

    /// The same with another token, or as nobody.
    pub(crate) fn with_token(url: &str, token: Option<&str>) -> Self {
        let authority = url.trim_start_matches("http://").trim_end_matches('/');
        Self { authority: authority.to_owned(), token: token.map(str::to_owned), connection: None }
    }

    /// `GET`.
    pub(crate) fn get(&mut self, path: &str) -> anyhow::Result<Response> {
        let request = self.request("GET", path, None);
        self.send(&request)
    }

    /// `GET` that must answer 200 with JSON.
    pub(crate) fn get_json(&mut self, path: &str) -> anyhow::Result<serde_json::Value> {
        let response = self.get(path)?;
        if response.status != 200 {
            bail!("GET {path}: {}: {}", response.status, String::from_utf8_lossy(&response.body));
        }
        response.json()
    }

    /// `POST` of JSON.
    pub(crate) fn post(
        &mut self,
        path: &str,
        body: &serde_json::Value,
    ) -> anyhow::Result<Response> {
        let request = self.request("POST", path, Some(body.to_string().as_bytes()));
        self.send(&request)
    }

    /// A GraphQL query's `data`; errors are errors.
    pub(crate) fn graphql(
        &mut self,
        query: &str,
        variables: &serde_json::Value,
    ) -> anyhow::Result<serde_json::Value> {
        let body = serde_json::json!({ "query": query, "variables": variables });
        let mut answer = self.post("/graphql", &body)?.json()?;
        if let Some(errors) = answer.get("errors") {
            bail!("GraphQL: {errors}");
        }
        Ok(answer.get_mut("data").map(serde_json::Value::take).unwrap_or_default())
    }

    /// The bytes of a request, for [`Client::send`] and the load generators.
    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&[u8]>) -> Vec<u8> {
        let host = &self.authority;
        let mut lines = vec![format!("{method} {path} HTTP/1.1"), format!("host: {host}")];
        if let Some(token) = &self.token {
            lines.push(format!("authorization: Bearer {token}"));
        }
        if let Some(body) = body {
            lines.push("content-type: application/json".to_owned());
            lines.push(format!("content-length: {}", body.len()));
        }
        let mut bytes = (lines.join("\r\n") + "\r\n\r\n").into_bytes();
        bytes.extend_from_slice(body.unwrap_or_default());
        bytes
    }

    /// Sends the bytes of one request and reads its answer. A kept connection that the server has
    /// closed meanwhile is opened anew, once.
    pub(crate) fn send(&mut self, request: &[u8]) -> anyhow::Result<Response> {
        if self.connection.is_some() {
            if let Ok(response) = self.exchange(request) {
                return Ok(response);
            }
            self.connection = None;
        }
        self.exchange(request).inspect_err(|_| self.connection = None)
    }

    fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Response> {
        if self.connection.is_none() {
            self.connection = Some(BufReader::new(connect(&self.authority)?));
        }
        let connection = self.connection.as_mut().context("there is no connection")?;
        connection.get_mut().write_all(request).context("the request was not sent")?;
        let response = read_response(connection)?;
        if response.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            self.connection = None;
        }
        Ok(response)
    }
}

/// A value for a query string.
pub(crate) fn percent_encoded(value: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    value.bytes().map(encoded).collect()
}

/// A connection with the lab's settings.
pub(crate) fn connect(authority: &str) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(authority)
        .with_context(|| format!("{authority} does not accept connections"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    Ok(stream)
}

/// Reads one answer.
pub(crate) fn read_response(connection: &mut impl BufRead) -> anyhow::Result<Response> {
    let status_line = read_line(connection)?;
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .with_context(|| format!("not an HTTP answer: {status_line:?}"))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(connection)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut response = Response { status, headers, body: Vec::new() };
    if response.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        read_chunks(connection, &mut response.body)?;
    } else if status != 204 && status != 304 {
        let length: usize = response
            .header("content-length")
            .and_then(|value| value.parse().ok())
            .context("an answer without a length")?;
        response.body.resize(length, 0);
        connection.read_exact(&mut response.body).context("the answer ended early")?;
    }
    Ok(response)
}

fn read_chunks(connection: &mut impl BufRead, body: &mut Vec<u8>) -> anyhow::Result<()> {
    loop {
        let size = read_line(connection)?;
        let size = size.split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).context("a chunk without a size")?;
        let start = body.len();
        body.resize(start + size, 0);
        let (_, chunk) = body.split_at_mut(start);
        connection.read_exact(chunk).context("a chunk ended early")?;
        read_line(connection)?;
        if size == 0 {
            return Ok(());
        }
    }
}

fn read_line(connection: &mut impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    let read = connection.read_line(&mut line).context("no answer")?;
    if read == 0 {
        bail!("the connection was closed");
    }
    Ok(line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_a_length_is_read() {
        let mut wire = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: \"a\"\r\n\r\nhi".as_bytes();
        let response = read_response(&mut wire).unwrap();
        assert_eq!((response.status, response.body.as_slice()), (200, b"hi".as_slice()));
        assert_eq!(response.header("etag"), Some("\"a\""));
    }

    #[test]
    fn a_chunked_answer_is_put_together() {
        let mut wire =
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                .as_bytes();
        assert_eq!(read_response(&mut wire).unwrap().body, b"abcde");
    }
}
