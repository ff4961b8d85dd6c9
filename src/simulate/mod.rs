//! Simulated nodes: many workers in one process, to try scheduling, or a version, without hosts.
//!
//! ```text
//!            one listener, by address dialled        one per node
//!  master ─────────────────────────────────► worker ◄──► scripted engine ◄── fate (what is drawn)
//!     ▲                                         │
//!     └────── one HTTP client ◄── gate ◄────────┘
//! ```
//!
//! To the master each is a node like any other: the worker's own code, the real protocol both ways,
//! an id, an engine and an address of its own. Only the containers are made up: any image is there,
//! and how long a container takes to start, runs, and how it ends is drawn. Nothing outlives the
//! process: a killed simulation is what hosts that lost their containers are.
//!
//! Reading order: `node`, `address`, `fate`, `gate`, `watch`, `door`, `run`.

mod address;
mod door;
mod error;
mod fate;
mod gate;
mod node;
mod range;
mod run;
mod share;
mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

pub use address::MOST_NODES;
pub use error::Error;
pub use range::Range;
pub use run::run;
pub use share::Share;

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many nodes: 1 to [`MOST_NODES`].
    pub nodes: u32,
    /// Their ids are this, a dash, and their number.
    pub prefix: String,
    /// The port all of them listen on, each at its own address.
    pub port: u16,
    /// The master's base URL.
    pub master_url: String,
    /// How often each beats when nothing else is said.
    pub heartbeat_interval: Duration,
    /// Tasks get so long to end at shutdown; then they are stopped.
    pub shutdown_timeout: Duration,
    /// Tasks at once on each node; none: any number.
    pub capacity: Option<u32>,
    /// Millicores of each node.
    pub cpu_millicores: u64,
    /// Bytes of memory of each node.
    pub memory_bytes: u64,
    /// Labels of every node.
    pub labels: BTreeMap<String, String>,
    /// How long a container takes to start.
    pub start_latency: Range,
    /// How long a container runs; none: until it is stopped.
    pub run_time: Option<Range>,
    /// How many of those that end by themselves exit with 1.
    pub fail: Share,
    /// The same seed, and the same starts in the same order on each node: the same draws.
    pub seed: u64,
}
