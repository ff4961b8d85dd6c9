//! How large a scenario is: as the issue asks, unless a variable says otherwise.

use std::time::Duration;

use anyhow::{Context, Result};

/// `BENCH_NODES`, or so many.
pub fn nodes(default: u64) -> Result<u64> {
    number("BENCH_NODES", default)
}

/// `BENCH_TASKS`, or so many.
pub fn tasks(default: u64) -> Result<u64> {
    number("BENCH_TASKS", default)
}

/// `BENCH_ROUNDS`, or so many.
pub fn rounds(default: u64) -> Result<usize> {
    Ok(number("BENCH_ROUNDS", default)? as usize)
}

/// `BENCH_SECONDS`, or so long.
pub fn seconds(default: u64) -> Result<Duration> {
    Ok(Duration::from_secs(number("BENCH_SECONDS", default)?))
}

/// `BENCH_RATE`, a second, or so many.
pub fn rate(default: u64) -> Result<u64> {
    number("BENCH_RATE", default)
}

/// Another variable, or this.
pub fn number(name: &str, default: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name}={text}")),
        Err(_) => Ok(default),
    }
}
