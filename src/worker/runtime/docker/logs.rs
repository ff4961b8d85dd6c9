//! A container's logs, without Docker's frames.

use std::time::Duration;

use bollard::query_parameters::LogsOptions;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use tokio_util::bytes::Bytes;

use super::super::{Error, LogOptions, Result};
use super::failure::{Operation, failure};

/// The next line of a log that is not followed has to come within this.
const LINE: Duration = Duration::from_secs(30);

/// The logs, line by line. bollard takes Docker's frames apart, so none of their 8-byte heads gets
/// into the text.
pub fn logs(
    client: &bollard::Docker,
    container: &str,
    options: LogOptions,
) -> BoxStream<'static, Result<Bytes>> {
    let query = LogsOptions {
        follow: options.follow,
        stdout: options.stdout,
        stderr: options.stderr,
        since: options
            .since_seconds
            .map_or(0, |seconds| i32::try_from(seconds).unwrap_or(i32::MAX)),
        until: 0,
        timestamps: options.timestamps,
        tail: options.tail.map_or("all".into(), |lines| lines.to_string()),
    };
    let container = container.to_owned();
    let lines = client.logs(&container, Some(query)).boxed();
    let lines = stream::unfold(lines, move |mut lines| async move {
        // A followed container may be silent for days.
        let line = if options.follow {
            Ok(lines.next().await)
        } else {
            timeout(LINE, lines.next()).await
        };
        match line {
            Ok(line) => Some((Ok(line?), lines)),
            Err(_) => Some((Err(too_late()), stream::empty().boxed())),
        }
    });
    lines
        .map(move |line| match line? {
            Ok(line) => Ok(line.into_bytes()),
            Err(error) => Err(failure(Operation::Logs, &container, error)),
        })
        .boxed()
}

fn too_late() -> Error {
    Error::Timeout {
        operation: Operation::Logs.text(),
        seconds: LINE.as_secs(),
    }
}
