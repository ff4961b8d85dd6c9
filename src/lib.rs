//! Podling: a container orchestrator in one small binary.
//!
//! ```text
//! cli ──► client ──► wire ◄── master ──► core ◄── store          (arrows: "uses")
//!                     ▲          └─► store, client
//!                   worker ──► client
//! ```
//!
//! `core` decides, the shells round it act: `decide(&State, Command, Now)` says which changes a
//! command means, `State::apply` makes them, and the same `apply` serves live changes, loading
//! from the store and the model in the tests. Everything else brings commands in or carries
//! committed changes out.
//!
//! The invariants, which the tests check everywhere:
//!
//! 1. Nothing is acknowledged to a client, and nothing is sent to a worker, before it is durable.
//! 2. No node is ever assigned more than its capacity (slots, cpu, memory, host ports).
//! 3. A task has at most one current attempt, on at most one node. `attempt` is the fencing
//!    number: a report from an older attempt or from another node changes nothing; a worker
//!    refuses an older attempt than it has seen.
//! 4. Within an attempt the observed status never goes backwards: pending < scheduled < running <
//!    completed, failed or stopped. Late, doubled and reordered reports are therefore harmless.
//! 5. `load(store) == memory` after a crash at any point.
//! 6. Every accepted change is explained by an event.

pub mod backoff;
pub mod board;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod core;
pub mod http;
pub mod master;
#[doc(hidden)]
pub mod mutant;
pub mod open_files;
pub mod shutdown;
pub mod simulate;
pub mod store;
pub mod telemetry;
pub mod version;
pub mod wire;
pub mod worker;
