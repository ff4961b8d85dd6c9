//! What several test binaries share.

#![allow(
    dead_code,
    reason = "each test binary is a crate of its own and uses a part of this"
)]

pub mod docker;
pub mod postgres;
pub mod records;
pub mod registry;
