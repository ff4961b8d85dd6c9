//! The master's API: one file per resource.
//!
//! Handlers read a request, carry one command out or look at memory once, and answer. They own
//! nothing that a client who goes away could leave half done (see `Cluster::mutate`).

mod administration;
mod error;
mod events;
mod health;
mod logs;
mod nodes;
mod observe;
mod openapi;
mod routes;
mod tasks;

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use error::Error;
pub use observe::observe;
pub use openapi::document;
pub use routes::{configure, routes};

use super::cluster::Cluster;
use super::committer::StoreTrouble;
use super::feed::Followers;
use super::metrics::Metrics;
use crate::client::Transport;

/// What handlers work with.
pub struct Shared {
    /// The state.
    pub cluster: Arc<Cluster>,
    /// Committed changes as they come.
    pub followers: Followers,
    /// To the workers.
    pub transport: Transport,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// Whether the store works.
    pub trouble: watch::Receiver<StoreTrouble>,
    /// Cancelled at shutdown: streams end.
    pub stop: CancellationToken,
}

/// A handler's argument.
pub type Data = actix_web::web::Data<Shared>;

/// The body or query of a request that says nothing; anything else is refused by its name.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// The body of a request that says nothing, of a Go client that may say anything.
#[derive(Debug, serde::Deserialize)]
pub struct Anything {}
