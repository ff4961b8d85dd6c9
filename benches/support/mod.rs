//! What `make figures` and `make bench` share: processes of the release executable, a small HTTP client, the machine.

pub mod api;
pub mod containers;
pub mod engine;
pub mod fill;
pub mod http;
pub mod machine;
pub mod postgres;
pub mod process;
pub mod restarts;
pub mod setup;
pub mod statistics;
pub mod usage;
pub mod wrk;
