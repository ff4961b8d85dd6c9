//! The agent on each host: runs containers through the engine and reports what became of them.
//!
//! ```text
//!            orders                        one step at a time
//!  master ───────────► http ──► runner ──► supervisor ◄──► step (pure)
//!     ▲                            │            │ ▲
//!     │ register, beat, report     │ views      ▼ │ wake-ups
//!     └────────────── agent ◄── reporter     runtime ──► engine (events, pings)
//! ```
//!
//! There is no database: what runs is written on the containers' labels, and a worker that starts
//! adopts what it finds. Reading order: `step`, `outcome`, `attempt`, `supervisor`, `runner`,
//! `engine`, `agent`, `shutdown`, `parts`, `orders`.

mod agent;
mod attempt;
mod claim;
mod contact;
mod engine;
mod error;
mod http;
mod logs;
mod master;
mod metrics;
mod options;
mod order;
pub mod orders;
mod outcome;
mod parts;
mod pulls;
mod registration;
mod reporter;
mod run;
mod run_many;
mod runner;
pub mod runtime;
mod shared;
mod shutdown;
mod step;
mod supervisor;
mod told;
mod tombstones;

#[cfg(test)]
mod tests;

pub use error::Error;
pub use master::{Answer, Master};
pub use options::Options;
pub use orders::Orders;
pub use parts::Parts;
pub use run::{Prepared, run, run_with};
pub use run_many::run_many;
