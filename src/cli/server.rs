//! What the commands that stay have in common: logging, signals, threads.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::{shutdown, telemetry};

/// Threads for everything but HTTP, which has its own: they mostly wait, and each takes memory.
const THREADS: usize = 2;
/// How long blocking work may still go on when all else has ended.
const LINGER: Duration = Duration::from_secs(1);

/// Runs it until a signal cancels its token and it has come to its end.
pub(super) fn run(
    verbose: bool,
    serve: impl AsyncFnOnce(CancellationToken) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    telemetry::init(verbose);
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
