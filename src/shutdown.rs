//! Stopping in order: the first signal cancels a token, the second ends the process at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancels `token` at the first SIGTERM or SIGINT; at the second the process exits with 1.
///
/// # Errors
/// When the handlers can't be installed.
pub fn on_signals(token: CancellationToken) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        let name = first(&mut terminate, &mut interrupt).await;
        log::info!("{name}: shutting down; a second signal ends it at once");
        token.cancel();
        let name = first(&mut terminate, &mut interrupt).await;
        log::warn!("{name} again: exiting at once");
        std::process::exit(1);
    });
    Ok(())
}

async fn first(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
