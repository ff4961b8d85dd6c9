//! What the commands that stay have in common: logging, signals, threads.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::{open_files, shutdown, telemetry};

/// Threads for everything but HTTP, which has its own, server and client, as blocking work has. One: what is
/// left mostly waits, and one thread that wakes another costs more than it gains (docs/decisions/0014).
const THREADS: usize = 1;
/// How long blocking work may still go on when all else has ended.
const LINGER: Duration = Duration::from_secs(1);

/// Runs it until a signal cancels its token and it has come to its end.
pub(super) fn run(
    verbose: bool,
    serve: impl AsyncFnOnce(CancellationToken) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    run_logging(telemetry::DEFAULT_FILTER, verbose, serve)
}

/// The same, with another filter for what is logged when neither `verbose` nor `RUST_LOG` says.
pub(super) fn run_logging(
    logged: &str,
    verbose: bool,
    serve: impl AsyncFnOnce(CancellationToken) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    telemetry::init(logged, verbose);
    // A master of thousands of nodes has a connection with each.
    open_files::raise();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .context("the runtime can't be started")?;
    let result = runtime.block_on(async {
        let stop = CancellationToken::new();
        shutdown::on_signals(stop.clone()).context("signals can't be caught")?;
        serve(stop).await
    });
    // A commit that hangs on its disk would otherwise keep alive what has given up.
    runtime.shutdown_timeout(LINGER);
    result?;
    Ok(ExitCode::SUCCESS)
}

/// The address under which a process on this machine reaches that one.
pub(super) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_master_that_listens_everywhere_is_reached_here() {
        let addresses = ["0.0.0.0:1", "[::]:2", "127.0.0.9:3"].map(|text| text.parse().unwrap());
        let reached = addresses.map(|address| reachable(address).to_string());
        assert_eq!(reached, ["127.0.0.1:1", "[::1]:2", "127.0.0.9:3"]);
    }
}
