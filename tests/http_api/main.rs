//! The master's API over real HTTP, with the real core and a store in memory: every endpoint, and
//! every error once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod bench;
mod worker;

mod basics;
mod dispatch;
mod document;
mod events;
mod go_client;
mod heartbeats;
mod logs;
mod nodes;
mod removal;
mod store_down;
mod tasks;
