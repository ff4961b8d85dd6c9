//! Staying with a task to its end: for `run --wait` and `run --follow`.
//!
//! The task is asked for again and again: that needs no memory of events, and survives a master
//! that restarts. Streams (the pull's progress, the log) only make it nicer to watch.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::StreamExt;

use super::commands::ps::why;
use super::context::Context;
use super::progress::Progress;
use super::resolve::has_ended;
use super::{failure, output};
use crate::client::{self, ByteStream, Lines, MasterClient};
use crate::wire::{LogQuery, PullProgress, Task, TaskStatus};

const SHORTEST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// A master that is gone for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// A pull that tells nothing for so long may be over.
const SILENCE: Duration = Duration::from_secs(2);
/// Shells' answer to Ctrl-C: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// Stays with the task until it has ended; the container's exit code. Ctrl-C leaves the task
/// running.
pub(super) async fn to_the_end(
    master: &MasterClient,
    context: &Context,
    task: Task,
    follow: bool,
) -> anyhow::Result<ExitCode> {
    let id = task.task_id.clone();
    let mut stay = Stay {
        master,
        said: why(&task),
        task,
        pause: SHORTEST_PAUSE,
        log: Log::default(),
        progress: Progress::new(),
    };
    tokio::select! {
        ended = stay.until_ended(follow) => ended?,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            output::note(&format!("the task goes on; to stop it: podling stop {id}"));
            return Ok(ExitCode::from(INTERRUPTED));
        }
    }
    let task = stay.task;
    if context.output.json && !follow {
        output::json(&task)?;
    }
    Ok(exit_code(&task))
}

/// The task once it has ended, or as it is when `patience` is over.
pub(super) async fn until_ended(
    master: &MasterClient,
    mut task: Task,
    patience: Duration,
) -> anyhow::Result<Task> {
    let mut pause = SHORTEST_PAUSE;
    let mut waited = Duration::ZERO;
    while !has_ended(&task) && waited < patience {
        tokio::time::sleep(pause).await;
        waited += pause;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        task = patiently(master, &task.task_id, output::note).await?;
    }
    Ok(task)
}

struct Stay<'a> {
    master: &'a MasterClient,
    /// The task as it was last seen.
    task: Task,
    /// The reason that was told last.
    said: Option<String>,
    pause: Duration,
    log: Log,
    progress: Progress,
}

/// How far the log was shown.
#[derive(Default)]
struct Log {
    /// Of which attempt; none: nothing was shown yet.
    attempt: Option<u32>,
    /// So many bytes of it. What a container wrote stays as it is, so a stream that begins anew
    /// is passed over up to here: no clock and no time of a line is as exact.
    bytes: u64,
    /// Its stream broke off.
    broke: bool,
}

impl Stay<'_> {
    async fn until_ended(&mut self, follow: bool) -> anyhow::Result<()> {
        loop {
            match self.task.status {
                TaskStatus::Completed | TaskStatus::Failed | TaskStatus::Stopped => break,
                TaskStatus::Scheduled => self.show_pull().await,
                TaskStatus::Running if follow => self.show_log().await?,
                TaskStatus::Pending | TaskStatus::Running => {}
            }
            self.look_again().await?;
            // Bars draw over what is printed below them, so they are done with before that.
            if self.task.status != TaskStatus::Scheduled {
                self.progress.finish();
            }
        }
        // A short container ends before anybody sees it run.
        let is_complete = self.log.attempt == Some(self.task.attempt) && !self.log.broke;
        if follow && self.task.started_at.is_some() && !is_complete {
            self.show_log().await?;
            if self.log.broke {
                output::note("the end of the log is missing");
            }
        }
        Ok(())
    }

    /// Shows the log until it ends: with the task, with its attempt, or because it broke off.
    async fn show_log(&mut self) -> anyhow::Result<()> {
        if self.log.attempt != Some(self.task.attempt) {
            self.log = Log {
                attempt: Some(self.task.attempt),
                ..Log::default()
            };
        }
        let query = LogQuery {
            tail: Some("all".into()),
            follow: Some(true),
            ..LogQuery::default()
        };
        let shown = match self.master.logs(&self.task.task_id, &query).await {
            Ok(log) => print(log, &mut self.log.bytes).await?,
            Err(error) => Err(error),
        };
        if let Err(error) = &shown
            && !self.log.broke
        {
            let error = failure::of_master(error);
            output::note(&format!("the log broke off, trying again: {error}"));
        }
        self.log.broke = shown.is_err();
        Ok(())
    }

    /// The task as it is a little later.
    async fn look_again(&mut self) -> anyhow::Result<()> {
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 3 / 2).min(LONGEST_PAUSE);
        let before = self.task.status;
        let say = |text: &str| self.progress.note(text);
        self.task = patiently(self.master, &self.task.task_id, say).await?;
        if self.task.status != before {
            self.pause = SHORTEST_PAUSE;
        }
        let why = why(&self.task);
        if why != self.said && !has_ended(&self.task) {
            if let Some(why) = &why {
                self.progress.note(&format!("{}: {why}", self.task.name));
            }
            self.said = why;
        }
        Ok(())
    }

    /// Shows what is pulled, until it is, or nothing more is told: then it is time to look at the
    /// task again. That there is nothing to show is no failure.
    async fn show_pull(&mut self) {
        let Ok(stream) = self.master.pull(&self.task.task_id).await else {
            return;
        };
        let mut lines = Lines::new(stream);
        while let Ok(Ok(Some(line))) = tokio::time::timeout(SILENCE, lines.next()).await {
            if let Ok(step) = serde_json::from_str::<PullProgress>(&line) {
                self.progress.show(&step);
            }
        }
    }
}

/// Prints what arrives after the first `shown` bytes, and counts on; the inner result is the
/// stream's end.
async fn print(mut log: ByteStream, shown: &mut u64) -> io::Result<Result<(), client::Error>> {
    let mut arrived = 0;
    while let Some(chunk) = log.next().await {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => return Ok(Err(error)),
        };
        let begin = arrived;
        arrived += chunk.len() as u64;
        if arrived > *shown {
            let known = shown.saturating_sub(begin) as usize;
            output::bytes(&chunk[known..])?;
            *shown = arrived;
        }
    }
    Ok(Ok(()))
}

/// The task; a master that does not answer is waited for, which is said.
async fn patiently(master: &MasterClient, id: &str, say: impl Fn(&str)) -> anyhow::Result<Task> {
    let mut said = false;
    let answered = tokio::time::timeout(PATIENCE, async {
        loop {
            match master.task(id).await {
                Err(error) if error.is_transient() => {
                    if !said {
                        let error = failure::of_master(&error);
                        say(&format!(
                            "{error}; the task goes on, waiting for the master"
                        ));
                        said = true;
                    }
                    tokio::time::sleep(LONGEST_PAUSE).await;
                }
                answered => return answered,
            }
        }
    });
    match answered.await {
        Ok(task) => Ok(task?),
        // Once more, for the reason.
        Err(_) => Ok(master.task(id).await?),
    }
}

/// The container's exit code where there is one, as shells have it; else whether all went well.
fn exit_code(task: &Task) -> ExitCode {
    let name = &task.name;
    if let Some(why) = why(task) {
        output::error(&format!(
            "{name} {}: {why}",
            super::commands::ps::status(task)
        ));
    } else if task.status == TaskStatus::Stopped {
        output::note(&format!("{name} was stopped"));
    }
    match (task.exit_code, task.status) {
        (Some(code), _) => ExitCode::from((code & 0xff) as u8),
        (None, TaskStatus::Completed) => ExitCode::SUCCESS,
        (None, _) => ExitCode::FAILURE,
    }
}
