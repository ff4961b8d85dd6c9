//! A task's logs and its image's pull, passed through from its node's worker as they arrive.
//!
//! Nothing is kept here: what the client does not read yet, the worker does not send yet. A task
//! that has not begun is refused, or waited for when its log is followed.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use futures_util::stream::{self, LocalBoxStream, StreamExt};
use tokio::time::sleep;

use super::error::Refused;
use super::tasks::known;
use super::{Data, Error};
use crate::board::Reader;
use crate::client::{self, ByteStream, WorkerClient};
use crate::core::{Availability, Status, Task, TaskId};
use crate::http::{Query, until};
use crate::master::cluster::Progress;
use crate::wire::{self, LogQuery};

const TEXT: &str = "text/plain; charset=utf-8";
const TAIL: &str = "100";
/// A worker that does not know the task yet is asked again after so long, unless the task changes
/// before.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// A task's logs. With `follow` they go on until the task ends; a task that has not begun is
/// waited for.
#[utoipa::path(
    get,
    path = "/api/v1/tasks/{id}/logs",
    tag = "tasks",
    params(("id" = String, Path, description = "The task's id"), LogQuery),
    responses(
        (status = 200, description = "As it arrives", content_type = "text/plain", body = String),
        Refused,
    ),
)]
pub async fn logs(
    shared: Data,
    id: web::Path<String>,
    query: Query<LogQuery>,
) -> Result<HttpResponse, Error> {
    let id = TaskId::from(id.into_inner());
    let follow = query.0.follow.unwrap_or(false);
    let wanted = Wanted::Logs(checked(query.0)?);
    match open(&shared, &id, &wanted).await? {
        Opened::Stream(bytes) if follow => {
            let bytes = open_later(shared.clone(), id, wanted, Some(from_worker(bytes)));
            Ok(pass(&shared, bytes, TEXT))
        }
        Opened::Stream(bytes) => Ok(pass(&shared, from_worker(bytes), TEXT)),
        Opened::NotYet(_) if follow => {
            let bytes = open_later(shared.clone(), id, wanted, None);
            Ok(pass(&shared, bytes, TEXT))
        }
        Opened::NotYet(why) | Opened::Never(why) => Err(Error::NotStarted { task: id, why }),
    }
}

/// The progress of the pull of a task's image: one JSON object per line, until it is over.
#[utoipa::path(
    get,
    path = "/api/v1/tasks/{id}/pull",
    tag = "tasks",
    params(("id" = String, Path, description = "The task's id")),
    responses(
        (
            status = 200,
            description = "Newline-delimited JSON",
            content_type = "application/x-ndjson",
            body = wire::PullProgress,
        ),
        Refused,
    ),
)]
pub async fn pull(shared: Data, id: web::Path<String>) -> Result<HttpResponse, Error> {
    let id = TaskId::from(id.into_inner());
    // Asked once before the answer begins, so that an error has a status of its own.
    let begun = match open(&shared, &id, &Wanted::Pull).await? {
        Opened::Stream(bytes) => Some(from_worker(bytes)),
        Opened::NotYet(_) | Opened::Never(_) => None,
    };
    let bytes = open_later(shared.clone(), id, Wanted::Pull, begun);
    Ok(pass(&shared, bytes, "application/x-ndjson"))
}

/// What a worker is asked for.
enum Wanted {
    Logs(LogQuery),
    Pull,
}

/// What there is of it.
enum Opened {
    /// It arrives.
    Stream(ByteStream),
    /// There will be something.
    NotYet(String),
    /// There will be nothing.
    Never(String),
}

fn checked(mut query: LogQuery) -> Result<LogQuery, Error> {
    let tail = query.tail.get_or_insert_with(|| TAIL.into());
    if tail != "all" && tail.parse::<u64>().is_err() {
        let text = format!("tail: {tail:?} is neither a number of lines nor \"all\"");
        return Err(Error::Malformed(text));
    }
    let streams = query.stream.as_deref().unwrap_or("stdout,stderr");
    let bad = |name: &&str| !matches!(*name, "stdout" | "stderr");
    if let Some(bad) = streams.split(',').map(str::trim).find(bad) {
        let text = format!("stream: {bad:?} is none; allowed: stdout, stderr, stdout,stderr");
        return Err(Error::Malformed(text));
    }
    query.since_seconds().map_err(Error::Malformed)?;
    Ok(query)
}

/// Whether the task is over and no container of it ever ran.
fn never_ran(task: &Task) -> bool {
    task.status.is_ended()
        && task.status != Status::Completed
        && task.container_id.is_none()
        && task.started_at.is_none()
        && task.exit_code().is_none()
}

/// Asks the worker, when there is one to ask.
async fn open(shared: &Data, id: &TaskId, wanted: &Wanted) -> Result<Opened, Error> {
    let task = known(shared, id)?;
    let status = task.status.as_str();
    let why = match &*task.reason {
        "" => format!("it is {status}"),
        reason => format!("it is {status}: {reason}"),
    };
    let Some(node) = &task.node else {
        return Ok(match task.status.is_ended() {
            true => Opened::Never(why),
            false => Opened::NotYet(why),
        });
    };
    if matches!(wanted, Wanted::Pull) && task.status != Status::Scheduled {
        return Ok(Opened::Never("nothing is pulled".into()));
    }
    if matches!(wanted, Wanted::Logs(_)) && never_ran(&task) {
        return Ok(Opened::Never(why));
    }
    if matches!(wanted, Wanted::Logs(query) if !query.follow.unwrap_or(false))
        && task.status == Status::Scheduled
    {
        return Ok(Opened::NotYet(why));
    }
    let record = shared.cluster.read(|state| state.node(node).cloned());
    let Some(record) = record else {
        return Err(Error::NoNode(node.clone()));
    };
    if record.availability == Availability::Offline {
        return Err(Error::NodeOffline(node.clone()));
    }
    let worker = WorkerClient::new(shared.transport.clone(), &record.hostname, record.port);
    let answer = match wanted {
        Wanted::Logs(query) => worker.logs(id.as_str(), query).await,
        Wanted::Pull => worker.pull(id.as_str()).await,
    };
    match answer {
        Ok(bytes) => Ok(Opened::Stream(bytes)),
        // The worker has not got it yet, or has no container for it yet.
        Err(error)
            if matches!(error.status(), Some(404 | 409)) && task.status == Status::Scheduled =>
        {
            Ok(Opened::NotYet(why))
        }
        Err(error) => Err(Error::Worker {
            node: node.clone(),
            error,
        }),
    }
}

/// Passes on what has begun, if anything has; then waits until there is something more. Ends when
/// there never will be.
fn open_later(shared: Data, id: TaskId, wanted: Wanted, begun: Option<Passing>) -> Passing {
    let seen = shared.cluster.read(|state| state.task(&id).cloned());
    let waiting = Waiting {
        progress: shared.cluster.progress(),
        seen,
        shared,
        id,
        wanted,
        passing: begun,
    };
    let pieces = stream::unfold(waiting, |mut waiting| async {
        Some((waiting.next().await?, waiting))
    });
    pieces.boxed_local()
}

/// Somebody who waits for what a worker will have.
struct Waiting {
    progress: Reader<Progress>,
    /// The task when the worker was asked last.
    seen: Option<Arc<Task>>,
    shared: Data,
    id: TaskId,
    wanted: Wanted,
    passing: Option<Passing>,
}

impl Waiting {
    async fn next(&mut self) -> Option<Result<web::Bytes, Error>> {
        loop {
            if let Some(passing) = &mut self.passing {
                let piece = tokio::select! {
                    piece = passing.next() => piece,
                    error = left(&self.shared, &self.id, self.seen.as_deref()) => Some(Err(error)),
                };
                match (piece, &self.wanted) {
                    (Some(piece), _) => return Some(piece),
                    (None, Wanted::Logs(_)) => return None,
                    // The worker may not have begun to pull: asked again while it may.
                    (None, Wanted::Pull) => self.passing = None,
                }
                if !self.a_while().await {
                    return None;
                }
            }
            // Ordering: marked as seen before looking, so that a change meanwhile is not missed.
            self.progress.mark_seen();
            self.seen = self.task();
            match open(&self.shared, &self.id, &self.wanted).await {
                Ok(Opened::Stream(bytes)) => self.passing = Some(from_worker(bytes)),
                Ok(Opened::NotYet(_)) if self.a_while().await => {}
                Ok(Opened::NotYet(_)) => return None,
                Ok(Opened::Never(_)) => return None,
                Err(error) => {
                    log::info!("task {}: its stream ends: {error}", self.id);
                    return Some(Err(error));
                }
            }
        }
    }

    /// Until this task has changed; what is committed of others is no reason to ask again. False:
    /// nothing will change any more, as the master ends.
    async fn a_while(&mut self) -> bool {
        let changed = async {
            while self.progress.changed().await.is_ok() {
                let task = self
                    .shared
                    .cluster
                    .read(|state| state.task(&self.id).cloned());
                if !same(task.as_ref(), self.seen.as_ref()) {
                    return true;
                }
            }
            false
        };
        tokio::select! {
            goes_on = changed => goes_on,
            () = sleep(ASK_AGAIN) => true,
        }
    }

    fn task(&self) -> Option<Arc<Task>> {
        let cluster = &self.shared.cluster;
        cluster.read(|state| state.task(&self.id).cloned())
    }
}

/// Returns when what is passed on can't be what is asked for any more: its node is offline, so
/// that its worker may never end it, or the task has another attempt, elsewhere or there.
async fn left(shared: &Data, id: &TaskId, begun: Option<&Task>) -> Error {
    let mut progress = shared.cluster.progress();
    let Some((node, attempt)) = begun.and_then(|task| Some((task.node.as_ref()?, task.attempt)))
    else {
        return std::future::pending().await;
    };
    loop {
        // Ordering: marked as seen before looking, so that a change meanwhile is not missed.
        progress.mark_seen();
        let (offline, moved) = shared.cluster.read(|state| {
            let record = state.node(node);
            let offline = record.is_none_or(|node| node.availability == Availability::Offline);
            let task = state.task(id);
            let other =
                |task: &Arc<Task>| task.attempt != attempt || task.node.as_ref() != Some(node);
            (offline, task.is_some_and(other))
        });
        if offline {
            return Error::NodeOffline(node.clone());
        }
        if moved {
            let why = format!("it is no longer on node {node}");
            return Error::NotStarted {
                task: id.clone(),
                why,
            };
        }
        if progress.changed().await.is_err() {
            return std::future::pending().await;
        }
        // Not with each of a thousand commits in a second.
        sleep(ASK_AGAIN).await;
    }
}

/// Whether it is the same form of a task: every change makes a new one.
fn same(one: Option<&Arc<Task>>, other: Option<&Arc<Task>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// What is passed on. An error breaks the connection, so that a cut log does not look whole.
type Passing = LocalBoxStream<'static, Result<web::Bytes, Error>>;

fn from_worker(bytes: ByteStream) -> Passing {
    let passed = |chunk: Result<_, client::Error>| {
        chunk.map_err(|error| {
            log::info!("a stream of a worker broke: {error}");
            Error::Broken(error)
        })
    };
    bytes.map(passed).boxed_local()
}

/// Streams, until shutdown at the latest: what is cut off then does not look whole either.
fn pass(shared: &Data, bytes: Passing, content_type: &'static str) -> HttpResponse {
    let bytes = until(shared.stop.clone(), bytes);
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(bytes)
}
