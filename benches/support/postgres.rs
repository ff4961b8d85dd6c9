//! A private PostgreSQL server: the one the tests start, with ordinary memory and write-ahead log.

#[path = "../../tests/support/postgres/mod.rs"]
#[allow(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    reason = "shared with the tests; what it can't do ends one measurement"
)]
mod server;

pub use server::Postgres;

/// Starts one in `TMPDIR`, gone when it is dropped. Commits are synchronous, as PostgreSQL's are by default.
pub fn start() -> Postgres {
    Postgres::start_with(|_| vec!["shared_buffers = 128MB".into(), "max_wal_size = 1GB".into()])
}
