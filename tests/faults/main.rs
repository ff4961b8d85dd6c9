//! Faults with a known end: each makes one happen to real processes on the real Docker Engine (or
//! real PostgreSQL) and looks at what is left. `docs/RELIABILITY.md` lists them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it measured and its seed"
)]

#[path = "../support/mod.rs"]
mod support;

mod engine_refuses;
mod engine_restarted;
mod killed_from_outside;
mod master_away;
mod node_lost;
mod shut_down;
mod worker_killed;
