//! A worker on the real Docker Engine, with a master that only writes down what it is told.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, reason = "shared with other test binaries")]
#[path = "../support/docker.rs"]
mod docker;
mod fake_master;
#[path = "../support/registry.rs"]
mod registry;
mod rig;

mod adoption;
mod failures;
mod images;
mod lifecycle;
mod shutdown;
