//! The container engine as the worker needs it: a handful of operations on its own containers.
//!
//! A trait, because the worker's rules (what is started again, what is reported, what a lost engine
//! means) are tested without an engine, and because simulated nodes need one that costs nothing.
//! [`docker`] is the real one, [`scripted`] the one for tests. No implementation decides anything:
//! which operation comes next is [`super::step`]'s business.

pub mod container;
pub mod docker;
mod error;
pub mod scripted;

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tokio_util::bytes::Bytes;

pub use container::{Container, Exit, Identity, Listed, Phase};
pub use error::Error;

use crate::wire;

/// What an operation gives.
pub type Result<T> = std::result::Result<T, Error>;

/// The engine and its host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Info {
    /// Name, version, system.
    pub engine: wire::Engine,
    /// Millicores of the host.
    pub cpu_millicores: u64,
    /// Bytes of memory of the host.
    pub memory_bytes: u64,
}

/// What a container is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Blueprint {
    /// The container's name, unique on the engine.
    pub name: String,
    /// Whose it is.
    pub identity: Identity,
    /// What it is to be.
    pub task: wire::Task,
    /// Labels beyond those of the identity and of the task.
    pub labels: BTreeMap<String, String>,
}

/// Which part of the logs is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogOptions {
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
    /// The last so many lines; none: all.
    pub tail: Option<u64>,
    /// Only what was written at or after this second since 1970.
    pub since_seconds: Option<i64>,
    /// Each line begins with its time, RFC 3339, and a space.
    pub timestamps: bool,
    /// Goes on until the container ends.
    pub follow: bool,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            stdout: true,
            stderr: true,
            tail: None,
            since_seconds: None,
            timestamps: false,
            follow: false,
        }
    }
}

/// Something happened to one of podling's containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The container's id.
    pub container_id: String,
    /// The task it belongs to.
    pub task_id: String,
    /// What happened.
    pub kind: EventKind,
}

/// What happened to a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// It ended.
    Died,
    /// The kernel killed one of its processes for want of memory.
    OutOfMemory,
    /// It was removed.
    Destroyed,
    /// Its health check says so.
    Health(String),
}

/// Takes the steps of a pull as they happen.
pub type ProgressSink = Box<dyn Fn(wire::PullProgress) + Send + Sync>;

/// A container engine. Containers are named by id or by name.
///
/// Every operation ends within a deadline of the implementation's choice, except followed logs and
/// events, which last as long as what they follow.
pub trait Runtime: Send + Sync + 'static {
    /// What the engine is and what its host has.
    fn info(&self) -> BoxFuture<'_, Result<Info>>;

    /// Whether the engine answers at all; cheap.
    fn ping(&self) -> BoxFuture<'_, Result<()>>;

    /// All containers of this node, whatever their phase.
    fn list<'a>(&'a self, node_id: &'a str) -> BoxFuture<'a, Result<Vec<Listed>>>;

    /// One container. [`Error::NotFound`] when there is none.
    fn inspect<'a>(&'a self, container: &'a str) -> BoxFuture<'a, Result<Container>>;

    /// Fetches an image.
    fn pull<'a>(&'a self, image: &'a str, progress: ProgressSink) -> BoxFuture<'a, Result<()>>;

    /// Makes a container and gives its id.
    fn create<'a>(&'a self, blueprint: &'a Blueprint) -> BoxFuture<'a, Result<String>>;

    /// Starts a container; one that runs already is left alone.
    fn start<'a>(&'a self, container: &'a str) -> BoxFuture<'a, Result<()>>;

    /// SIGTERM, and SIGKILL after so many seconds; gives back when it has ended.
    fn stop<'a>(&'a self, container: &'a str, grace_seconds: u32) -> BoxFuture<'a, Result<()>>;

    /// Removes a container; with `force` also a running one. One that is gone already is fine.
    fn remove<'a>(&'a self, container: &'a str, force: bool) -> BoxFuture<'a, Result<()>>;

    /// A container's logs, one item per line as it was written (without any framing).
    fn logs(&self, container: &str, options: LogOptions) -> BoxStream<'static, Result<Bytes>>;

    /// What happens to this node's containers from now on. Ends when the connection does.
    fn events(&self, node_id: &str) -> BoxStream<'static, Result<Event>>;
}
