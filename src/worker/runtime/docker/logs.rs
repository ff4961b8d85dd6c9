//! A container's logs, without Docker's frames.

use std::time::Duration;

use bollard::container::LogOutput;
use bollard::query_parameters::{InspectContainerOptions, LogsOptions};
use futures_util::future::ready;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use tokio_util::bytes::Bytes;

use super::super::{Error, LogOptions, Result};
use super::failure::{Operation, failure};

/// The engine has to answer a look at the container within this before its log is followed.
const HEAD: Duration = Duration::from_secs(15);
/// The next line of a log that is not followed has to come within this.
const LINE: Duration = Duration::from_secs(30);

/// The logs, line by line. bollard takes Docker's frames apart, so none of their 8-byte heads gets
/// into the text.
pub fn logs(
    host: &str,
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
    let (host, container) = (host.to_owned(), container.to_owned());
    let lines = client.logs(&container, Some(query)).boxed();
    let lines = match options.follow {
        true => after_a_look(client.clone(), container.clone(), lines),
        false => lines,
    };
    let lines = stream::unfold(lines, move |mut lines| async move {
        // A followed container may be silent for days.
        let line = if options.follow {
            Ok(lines.next().await)
        } else {
            timeout(LINE, lines.next()).await
        };
        match line {
            Ok(line) => Some((Ok(line?), lines)),
            Err(_) => Some((Err(too_late(LINE)), stream::empty().boxed())),
        }
    });
    lines
        .map(move |line| match line? {
            Ok(line) => Ok(line.into_bytes()),
            // Ours: bollard's own limit is a day.
            Err(bollard::errors::Error::RequestTimeoutError) => Err(too_late(HEAD)),
            Err(error) => Err(failure(&host, Operation::Logs, &container, error)),
        })
        .boxed()
}

type Lines = BoxStream<'static, std::result::Result<LogOutput, bollard::errors::Error>>;

/// The same lines, when the engine answers at all. The head of a followed log comes with its first
/// line, which may take days, so it can't have a deadline; a look at the container before it has.
fn after_a_look(client: bollard::Docker, container: String, lines: Lines) -> Lines {
    let look = async move {
        let options = None::<InspectContainerOptions>;
        match timeout(HEAD, client.inspect_container(&container, options)).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(Err(error)),
            Err(_) => Some(Err(bollard::errors::Error::RequestTimeoutError)),
        }
    };
    let look = stream::once(look).filter_map(ready);
    // What comes after an error is not asked for.
    look.chain(lines).boxed()
}

fn too_late(within: Duration) -> Error {
    Error::Timeout {
        operation: Operation::Logs.text(),
        seconds: within.as_secs(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_followed_log_of_an_engine_that_does_not_answer_has_a_deadline() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("engine.sock");
        // It takes connections, and never answers.
        let _engine = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let client = bollard::Docker::connect_with_unix(
            socket.to_str().unwrap(),
            24 * 60 * 60,
            bollard::API_DEFAULT_VERSION,
        )
        .unwrap();
        tokio::time::pause();
        let options = LogOptions {
            follow: true,
            ..LogOptions::default()
        };
        let mut lines = logs("unix:///engine.sock", &client, "c", options);
        let first = timeout(Duration::from_secs(3600), lines.next()).await;
        let late = matches!(first, Ok(Some(Err(Error::Timeout { seconds: 15, .. }))));
        assert!(late, "{first:?}");
    }
}
