//! Faults with a known end: each makes one happen to real processes on the real Docker Engine (or
//! real PostgreSQL) and looks at what is left. `docs/RELIABILITY.md` lists them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured and its seed"
)]

#[path = "../support/mod.rs"]
mod support;

mod lab;

mod damage;
mod disk;
mod engine_refuses;
mod engine_restarted;
mod killed_from_outside;
mod mass_failure;
mod master_away;
mod master_killed;
mod masters;
mod network_cut;
mod network_loss;
mod node_lost;
mod paused_master;
mod postgres;
mod repeated_submissions;
mod reports;
mod shut_down;
mod wall_clock;
mod worker_killed;
