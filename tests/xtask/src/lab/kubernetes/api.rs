//! A client of API servers, for the one who runs them.

use std::{
    io::{BufReader, Write as _},
    sync::Arc,
};

use anyhow::{Context, bail};
use rustls::ClientConfig;
use serde_json::Value;

use super::ADMIN_TOKEN;
use crate::lab::{
    http::{self, Response, read_response},
    tls::{self, ClientStream},
};

/// One kept connection to one API server.
#[derive(Debug)]
pub(crate) struct ApiClient {
    authority: String,
    tls: Arc<ClientConfig>,
    connection: Option<BufReader<ClientStream>>,
}

impl ApiClient {
    /// Calls `https://127.0.0.1:PORT` as an administrator. Connects at the first request.
    pub(super) fn new(port: u16, tls: &Arc<ClientConfig>) -> Self {
        Self { authority: format!("127.0.0.1:{port}"), tls: Arc::clone(tls), connection: None }
    }

    /// Whether it says that it is ready.
    pub(crate) fn is_ready(&mut self) -> bool {
        self.send("GET", "/readyz", None).is_ok_and(|response| response.status == 200)
    }

    /// What stands at `path`.
    pub(crate) fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        self.json("GET", path, None)
    }

    /// The objects of a list, every page of it.
    pub(crate) fn list(&mut self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut answer = self.get(path)?;
        match answer.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            _ => bail!("{path} is not a list"),
        }
    }

    /// Makes an object and gives it as it was made.
    pub(crate) fn create(&mut self, path: &str, object: &Value) -> anyhow::Result<Value> {
        self.json("POST", path, Some(("application/json", &object.to_string())))
    }

    /// The same with YAML.
    pub(crate) fn create_yaml(&mut self, path: &str, object: &str) -> anyhow::Result<Value> {
        self.json("POST", path, Some(("application/yaml", object)))
    }

    /// Puts an object, or its `status` behind its path.
    pub(crate) fn replace(&mut self, path: &str, object: &Value) -> anyhow::Result<Value> {
        self.json("PUT", path, Some(("application/json", &object.to_string())))
    }

    /// Merges a part into an object.
    pub(crate) fn merge(&mut self, path: &str, part: &Value) -> anyhow::Result<Value> {
        self.json("PATCH", path, Some(("application/merge-patch+json", &part.to_string())))
    }

    /// Applies a JSON patch to an object.
    pub(crate) fn patch(&mut self, path: &str, operations: &Value) -> anyhow::Result<Value> {
        self.json("PATCH", path, Some(("application/json-patch+json", &operations.to_string())))
    }

    /// Deletes an object at once.
    pub(crate) fn delete(&mut self, path: &str) -> anyhow::Result<Value> {
        self.json("DELETE", &format!("{path}?gracePeriodSeconds=0"), None)
    }

    fn json(
        &mut self,
        method: &str,
        path: &str,
        body: Option<(&str, &str)>,
    ) -> anyhow::Result<Value> {
        let response = self.send(method, path, body)?;
        if !(200..300).contains(&response.status) {
            let text = String::from_utf8_lossy(&response.body).into_owned();
            bail!("{method} {path}: {}: {text}", response.status);
        }
        response.json()
    }

    fn send(
        &mut self,
        method: &str,
        path: &str,
        body: Option<(&str, &str)>,
    ) -> anyhow::Result<Response> {
        let (content_type, body) = body.unwrap_or(("application/json", ""));
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\
             user-agent: callboard-lab\r\naccept: application/json\r\n\
             content-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}",
            self.authority,
            body.len()
        );
        if self.connection.is_some() {
            if let Ok(response) = self.exchange(head.as_bytes()) {
                return Ok(response);
            }
            self.connection = None;
        }
        self.exchange(head.as_bytes()).inspect_err(|_| self.connection = None)
    }

    fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Response> {
        if self.connection.is_none() {
            let stream = tls::connect(&self.tls, http::connect(&self.authority)?)?;
            self.connection = Some(BufReader::new(stream));
        }
        let connection = self.connection.as_mut().context("there is no connection")?;
        connection.get_mut().write_all(request).context("the request was not sent")?;
        read_response(connection)
    }
}
