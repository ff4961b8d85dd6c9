//! Faults with a known end: each makes one happen to real processes on the real Docker Engine (or
//! real PostgreSQL) and looks at what is left. `docs/RELIABILITY.md` lists them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says its seed"
)]

#[path = "../support/mod.rs"]
mod support;

mod lab;

mod damage;
mod disk;
mod mass_failure;
mod master_killed;
mod masters;
mod network_cut;
mod network_loss;
mod paused_master;
mod postgres;
mod repeated_submissions;
mod reports;
mod wall_clock;
