//! What the page of paths shows.

use askama::Template;

use super::document::ResponseData;
use crate::{
    calls::{Call, TlsState, call},
    frame::Frame,
    gateway::Gap,
    scalar::DateTime,
    standing::{Strip, strip},
};

/// From where to where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Question {
    pub(super) from: String,
    pub(super) to: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "mesh_path/mesh_path.html")]
pub(super) struct MeshPathPage {
    frame: Frame,
    gaps: Vec<Gap>,
    strip: Strip,
    question: Question,
    /// Why what was asked cannot be answered.
    refusal: Option<String>,
    /// `None` = nothing was asked yet.
    paths: Option<Vec<Path>>,
}

/// One way from there to there.
#[derive(Debug)]
struct Path {
    hops: Vec<Call>,
    crosses_clusters: bool,
    tls: TlsState,
}

impl MeshPathPage {
    /// The page that asks from where to where.
    pub(super) fn asking(frame: Frame, question: Question, refusal: Option<String>) -> Self {
        let (gaps, strip) = (Vec::new(), Strip::default());
        Self { frame, gaps, strip, question, refusal, paths: None }
    }

    /// The page of what the API answered.
    pub(super) fn new(
        (frame, gaps): (Frame, Vec<Gap>),
        question: Question,
        data: ResponseData,
        now: DateTime,
    ) -> Self {
        let paths = data.path.into_iter().map(|path| Path {
            hops: path.hops.into_iter().map(|hop| call!(hop, now)).collect(),
            crosses_clusters: path.crosses_clusters,
            tls: path.tls,
        });
        Self {
            frame,
            gaps,
            strip: strip!(data.clusters, now),
            question,
            refusal: None,
            paths: Some(paths.collect()),
        }
    }
}
