//! The control plane: the imperative shell round `core`.
//!
//! ```text
//!   http ──command──► cluster ──changes──► committer ──batch──► store
//!   loops ─────────►  (lock)               │
//!                                          └─committed──► dispatch ──► workers
//!                                                    └──► http (events, waiting requests)
//! ```
//!
//! Reading order: `cluster`, `committer`, `feed`, `dispatch`, `loops`, `parts`, `api`, `http`, `server`.

pub mod api;
pub mod cluster;
pub mod committer;
pub mod convert;
pub mod dispatch;
mod error;
pub mod feed;
#[cfg(test)]
mod fixture;
mod heard;
pub mod http;
pub mod loops;
pub mod metrics;
mod options;
pub mod parts;
mod server;
pub mod workers;

pub use error::Error;
pub use options::Options;
pub use server::{Master, run};
