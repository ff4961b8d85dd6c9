//! The simulation: the real core, committer, dispatcher, loops and workers over scripted engines, a
//! virtual network, a virtual disk and virtual clocks. One seed is one history, and the same history
//! each time. `make simulate` tells many; `docs/RELIABILITY.md` says what is looked at.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and this one stands behind the clock"
)]

mod checks;
mod disk;
mod end;
mod engine;
mod faults;
mod history;
mod master;
#[cfg(debug_assertions)]
mod mutants;
mod network;
mod plan;
mod process;
mod rng;
mod seeds;
mod users;
mod worker;
mod world;
