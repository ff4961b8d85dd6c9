//! What the commands that stay have in common: logging, signals, threads.

use std::process::ExitCode;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::{shutdown, telemetry};

/// Threads for everything but HTTP, which has its own: they mostly wait, and each takes memory.
const THREADS: usize = 2;

/// Runs it until a signal cancels its token and it has come to its end.
pub(super) fn run(
    verbose: bool,
    serve: impl AsyncFnOnce(CancellationToken) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    telemetry::init(verbose);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .context("the runtime can't be started")?
        .block_on(async {
            let stop = CancellationToken::new();
            shutdown::on_signals(stop.clone()).context("signals can't be caught")?;
            serve(stop).await
        })?;
    Ok(ExitCode::SUCCESS)
}
