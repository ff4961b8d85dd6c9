//! What every store does, shown on all of them by the same cases, and below what only one of them
//! can get wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something is not as it should be"
)]

mod cases;
mod damage;
mod database_cases;
mod golden;
mod on_postgres;
mod on_sqlite;
mod places;
#[path = "../support/mod.rs"]
mod support;
mod tls;
