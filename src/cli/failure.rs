//! What went wrong, explained once, on stderr: `error: what: why`, and a hint on the next line.

use std::io;
use std::process::ExitCode;

use super::output;
use crate::{client, config, worker};

/// Something on the command line is wrong that only shows when it is used. As the context of an error
/// it says what.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub String);

/// Prints the error and its hint; the exit code that fits.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    // Whoever read our output has seen enough.
    if is_closed_pipe(error) {
        return ExitCode::SUCCESS;
    }
    output::error(&describe(error));
    if let Some(hint) = hint(error) {
        output::hint(hint);
    }
    match is_usage(error) {
        true => ExitCode::from(2),
        false => ExitCode::from(1),
    }
}

/// Usage or configuration.
fn is_usage(error: &anyhow::Error) -> bool {
    let of_engine = matches!(error.downcast_ref(), Some(worker::Error::EngineAddress(_)));
    of_engine || error.is::<config::Error>() || error.is::<Usage>()
}

/// Whether whatever is tried next fails in the same way.
pub(super) fn is_final(error: &anyhow::Error) -> bool {
    use client::Error::{Malformed, Status, Timeout, Unreachable};
    let of_master = error.chain().find_map(|cause| cause.downcast_ref());
    let is_gone = match of_master {
        Some(Unreachable { .. } | Timeout { .. } | Malformed { .. }) => true,
        Some(Status { .. }) | None => false,
    };
    is_gone || is_closed_pipe(error)
}

/// One line: `what: why`.
pub(super) fn describe(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = match cause.downcast_ref() {
            Some(error) => of_master(error),
            None => cause.to_string(),
        };
        // Many errors name their cause themselves.
        if !text.contains(&cause) {
            let begin = if text.is_empty() { "" } else { ": " };
            text += begin;
            text += &cause;
        }
    }
    text
}

/// In the words of somebody who runs a command and wants nothing to know of HTTP.
pub(super) fn of_master(error: &client::Error) -> String {
    use client::Error;
    match error {
        Error::Unreachable { url, why } => {
            format!("the master at {} can't be reached: {why}", origin(url))
        }
        Error::Timeout { url, after } => {
            let seconds = after.as_secs_f64();
            format!(
                "the master at {} did not answer within {seconds} s",
                origin(url)
            )
        }
        Error::Status { error, .. } => error.clone(),
        Error::Malformed { url, why } => {
            format!(
                "what listens at {} is no podling master: {why}",
                origin(url)
            )
        }
    }
}

fn hint(error: &anyhow::Error) -> Option<&'static str> {
    let error = error.chain().find_map(|cause| cause.downcast_ref())?;
    match error {
        client::Error::Unreachable { .. } => Some(
            "is it running? start one with `podling standalone`, or name it with --master or \
             PODLING_MASTER_URL",
        ),
        client::Error::Malformed { .. } => {
            Some("name the master with --master or PODLING_MASTER_URL")
        }
        client::Error::Timeout { .. } | client::Error::Status { .. } => None,
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)
}

/// `http://host:port` of a URL.
fn origin(url: &str) -> &str {
    let begin = url.find("://").map_or(0, |scheme| scheme + 3);
    let end = url[begin..]
        .find('/')
        .map_or(url.len(), |slash| begin + slash);
    &url[..end]
}
