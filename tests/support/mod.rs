//! What several test binaries share.

#![allow(
    dead_code,
    clippy::expect_used,
    reason = "each test binary is a crate of its own and uses a part of this; a test ends where something is not as it should be"
)]

pub mod clock;
pub mod cluster;
pub mod docker;
pub mod engine;
pub mod engine_gate;
pub mod http;
pub mod network;
pub mod postgres;
pub mod process;
pub mod records;
pub mod registry;
pub mod torture;
