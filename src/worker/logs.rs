//! The logs of a task: through restarts of its container, to the end of the task.
//!
//! The engine ends a followed log when the container ends, but a task may be started again. So who
//! follows is kept, and goes on with the same container where it stopped: by the time in front of
//! each line, which is asked for always and shown only when wanted.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::bytes::Bytes;

use super::attempt::View;
use super::runtime::container::Stage;
use super::runtime::{Error, LogOptions};
use super::shared::Shared;

/// Lines that may wait for a slow reader before the engine is read no further.
const LINES_AHEAD: usize = 64;

/// A container whose log ended although it runs is asked again after so long.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Lines of a log, as they come.
pub type Lines = mpsc::Receiver<Result<Bytes, Error>>;

/// Begins to read. The reading is done on the worker's own runtime, not on the HTTP server's, and
/// ends when the receiver is dropped.
pub fn read(
    shared: Arc<Shared>,
    view: watch::Receiver<View>,
    options: LogOptions,
    handle: &tokio::runtime::Handle,
) -> Lines {
    let (sender, lines) = mpsc::channel(LINES_AHEAD);
    handle.spawn(async move {
        let reading = async {
            if options.follow {
                follow(&shared, view, options, &sender).await;
            } else {
                once(&shared, &view, options, &sender).await;
            }
        };
        tokio::select! {
            () = reading => {}
            () = sender.closed() => {}
        }
    });
    lines
}

type Sender = mpsc::Sender<Result<Bytes, Error>>;

async fn once(shared: &Shared, view: &watch::Receiver<View>, options: LogOptions, to: &Sender) {
    let container = view.borrow().report.container_id.clone();
    let Some(container) = container else {
        return; // It has no container yet, so it has written nothing.
    };
    let mut lines = shared.runtime.logs(&container, options);
    while let Some(line) = lines.next().await {
        // A container that is gone has no log any more: an empty one is the truth.
        if matches!(line, Err(Error::NotFound { .. })) || to.send(line).await.is_err() {
            return;
        }
    }
}

async fn follow(
    shared: &Shared,
    mut view: watch::Receiver<View>,
    options: LogOptions,
    to: &Sender,
) {
    let mut last_seen: Option<String> = None;
    loop {
        // Something to read, or nothing ever again. Its sender gone: the task was forgotten.
        let ready = |view: &View| view.ended || view.stage.is_some_and(|s| s != Stage::Created);
        let Ok(state) = view.wait_for(ready).await.map(|view| view.clone()) else {
            return;
        };
        if let Some(container) = &state.report.container_id {
            let piece = LogOptions {
                tail: options.tail.filter(|_| last_seen.is_none()),
                since_seconds: last_seen
                    .as_deref()
                    .and_then(seconds)
                    .or(options.since_seconds),
                timestamps: true,
                follow: state.stage == Some(Stage::Running),
                ..options.clone()
            };
            let lines = shared.runtime.logs(container, piece);
            if !pass_on(lines, &mut last_seen, options.timestamps, to).await {
                return;
            }
        }
        if state.ended {
            return;
        }
        if state.stage == Some(Stage::Running) {
            // It ended just now, or the engine did: wait until the supervisor has seen which.
            let seen = |view: &View| view.report != state.report || view.stage != state.stage;
            if let Ok(Err(_forgotten)) = timeout(LOOK_AGAIN, view.wait_for(seen)).await {
                return;
            }
        } else {
            let runs = |view: &View| view.ended || view.stage == Some(Stage::Running);
            if view.wait_for(runs).await.is_err() {
                return;
            }
        }
    }
}

/// Passes lines on that are newer than the last one; false when nobody reads any more.
async fn pass_on(
    mut lines: futures_util::stream::BoxStream<'static, Result<Bytes, Error>>,
    last_seen: &mut Option<String>,
    timestamps: bool,
    to: &Sender,
) -> bool {
    let resumed_after = last_seen.clone();
    while let Some(line) = lines.next().await {
        let line = match line {
            Ok(line) => line,
            Err(Error::NotFound { .. }) => return true,
            Err(error) => {
                let _nobody_reads = to.send(Err(error)).await.is_err();
                return false;
            }
        };
        let (time, text) = split_time(&line);
        // Times of one engine are written in one form and length, so they compare as texts.
        if let (Some(time), Some(after)) = (&time, &resumed_after)
            && time <= after
        {
            continue;
        }
        if time.is_some() {
            *last_seen = time;
        }
        let shown = if timestamps { line } else { text };
        if to.send(Ok(shown)).await.is_err() {
            return false;
        }
    }
    true
}

/// The time in front of a line, and the line without it.
fn split_time(line: &Bytes) -> (Option<String>, Bytes) {
    let end = line.iter().take(40).position(|byte| *byte == b' ');
    let time = end.and_then(|end| std::str::from_utf8(line.get(..end)?).ok());
    match (time, end) {
        (Some(time), Some(end)) if seconds(time).is_some() => {
            (Some(time.to_owned()), line.slice(end + 1..))
        }
        _ => (None, line.clone()),
    }
}

fn seconds(time: &str) -> Option<i64> {
    time.parse::<jiff::Timestamp>()
        .ok()
        .map(|time| time.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_split_off_and_nothing_else() {
        let line = Bytes::from_static(b"2026-11-23T10:00:00.123456789Z hello world\n");
        let (time, text) = split_time(&line);
        assert_eq!(time.as_deref(), Some("2026-11-23T10:00:00.123456789Z"));
        assert_eq!(&text[..], b"hello world\n");

        let line = Bytes::from_static(b"hello world\n");
        assert_eq!(split_time(&line), (None, line.clone()));
    }
}
