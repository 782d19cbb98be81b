//! Typed access to a part of the configuration.
//!
//! Shapes were checked before ([`mod@super::check`]): a value of a wrong shape reads as absent here, and
//! its problem is already known.

use std::{path::PathBuf, time::Duration};

use secrecy::SecretString;
use url::Url;

use super::{duration, node::Node, transform::join};

/// A value, perhaps absent, and its path.
#[derive(Debug, Clone)]
pub(super) struct Section<'a> {
    node: Option<&'a Node>,
    path: String,
}

impl<'a> Section<'a> {
    /// The whole configuration.
    pub(super) fn root(node: &'a Node) -> Self {
        Self { node: Some(node), path: String::new() }
    }

    /// The value under `key`.
    pub(super) fn at(&self, key: &str) -> Self {
        Self { node: self.node.and_then(|node| node.get(key)), path: join(&self.path, key) }
    }

    /// The items under `key`, if that is a list.
    pub(super) fn items(&self, key: &str) -> Vec<Self> {
        let list = self.at(key);
        let items = list.node.map(Node::items).unwrap_or_default().iter().enumerate();
        items
            .map(|(index, node)| Self { node: Some(node), path: format!("{}[{index}]", list.path) })
            .collect()
    }

    /// The value itself.
    pub(super) fn node(&self) -> Option<&'a Node> {
        self.node
    }

    /// The path of the value, such as `backend.listen`.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The text under `key`.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.at(key).node.and_then(Node::text).filter(|text| !text.is_empty())
    }

    /// The secret under `key`.
    pub(super) fn secret(&self, key: &str) -> Option<SecretString> {
        self.text(key).map(SecretString::from)
    }

    /// The texts under `key`: one text is a list of one.
    pub(super) fn texts(&self, key: &str) -> Option<Vec<String>> {
        let node = self.at(key).node?;
        Some(match node.text() {
            Some(text) => vec![text.to_owned()],
            None => node.items().iter().filter_map(Node::text).map(str::to_owned).collect(),
        })
    }

    /// The flag under `key`.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.at(key).node.and_then(Node::flag)
    }

    /// The number under `key`.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        self.at(key).node.and_then(Node::number)
    }

    /// The duration under `key`.
    pub(super) fn duration(&self, key: &str) -> Option<Duration> {
        self.at(key).node.and_then(duration::read)
    }

    /// The URL under `key`, without a slash at the end of its path.
    pub(super) fn url(&self, key: &str) -> Option<Url> {
        let mut url = Url::parse(self.text(key)?).ok()?;
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Some(url)
    }

    /// The path under `key`, made absolute by the folder of its file.
    pub(super) fn file(&self, key: &str) -> Option<PathBuf> {
        let node = self.at(key).node?;
        Some(node.place.folder().join(node.text()?))
    }
}
