//! Podling end to end: the real binary, the real Docker Engine, real PostgreSQL, processes that
//! are killed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod demo;
mod failures;
mod lifecycle;
mod lost_nodes;
mod restarts;
mod start;
