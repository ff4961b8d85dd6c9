//! `GET /api/v1/tasks`: filters and pages.
//!
//! Under the lock only pointers are copied; what they point to never changes, so a list is one moment
//! of the cluster however long it takes to send. Pages are not: each is about the moment it is asked for.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use futures_util::{StreamExt, stream};
use tokio::task::{JoinError, spawn_blocking};

use super::super::error::Refused;
use super::super::{Data, Error};
use crate::core::{State, Status, Task};
use crate::http::Query;
use crate::master::convert;
use crate::wire;

/// Where the cursor of the next page stands.
pub const NEXT_CURSOR: &str = "Podling-Next-Cursor";
/// So many tasks are looked at in one step, when a page is asked for.
const STEP: usize = 1024;
/// Longer lists are written in pieces of so many tasks.
const PIECE: usize = 256;
/// So many pieces are in work at most: one is sent, one is written.
const PIECES_AHEAD: usize = 2;

/// Tasks in the order of their creation.
#[utoipa::path(
    get,
    path = "/api/v1/tasks",
    tag = "tasks",
    params(wire::ListTasks),
    responses(
        (
            status = 200,
            description = "The tasks",
            body = Vec<wire::Task>,
            headers(("Podling-Next-Cursor" = u64, description = "When there are more")),
        ),
        Refused,
    ),
)]
pub async fn list(shared: Data, query: Query<wire::ListTasks>) -> Result<HttpResponse, Error> {
    let filter = Filter::new(&query.0)?;
    let limit = limit(query.0.limit)?;
    let after = query.0.cursor.unwrap_or(0);
    let read = |after, most| {
        let tasks = |state: &State| state.tasks_after(after).take(most).cloned().collect();
        shared.cluster.read(tasks)
    };
    let mut page = collect(read, after, limit, |task| filter.passes(task));
    let more = page.len() > limit;
    page.truncate(limit);
    let mut answer = HttpResponse::Ok();
    if let Some(last) = page.last().filter(|_| more) {
        answer.insert_header((NEXT_CURSOR, last.sequence.to_string()));
    }
    if page.len() <= PIECE {
        let tasks: Vec<wire::Task> = page.iter().map(|task| convert::task(task)).collect();
        return Ok(answer.json(tasks));
    }
    Ok(answer
        .content_type("application/json")
        .streaming(pieces(page)))
}

/// The tasks after this one that pass, one more than asked for when there are more. All of them are one
/// moment of the cluster. A page is collected in steps, each of which is: nobody waits for the whole
/// cluster to be looked through for the sake of a few. `read` gives the tasks after one, so many at most.
fn collect(
    read: impl Fn(u64, usize) -> Vec<Arc<Task>>,
    mut after: u64,
    limit: usize,
    passes: impl Fn(&Task) -> bool,
) -> Vec<Arc<Task>> {
    let wanted = limit.saturating_add(1);
    let step = match limit {
        usize::MAX => usize::MAX,
        _ => wanted.max(STEP),
    };
    let mut page = Vec::new();
    loop {
        let looked_at = read(after, step);
        let is_last = looked_at.len() < step;
        after = looked_at.last().map_or(after, |task| task.sequence);
        let left = wanted - page.len();
        let passing = looked_at.into_iter().filter(|task| passes(task));
        page.extend(passing.take(left));
        if is_last || page.len() == wanted {
            return page;
        }
    }
}

/// How many a page may have.
pub fn limit(asked: Option<usize>) -> Result<usize, Error> {
    match asked {
        None => Ok(usize::MAX),
        Some(0) => Err(Error::Malformed("limit: has to be at least 1".into())),
        Some(limit) => Ok(limit),
    }
}

/// The list as JSON, piece by piece: written on other threads than the one that sends it, a little ahead.
fn pieces(tasks: Vec<Arc<Task>>) -> impl stream::Stream<Item = Result<web::Bytes, JoinError>> {
    let tasks = Arc::new(tasks);
    let count = tasks.len();
    let piece = move |from| {
        let tasks = tasks.clone();
        let to = count.min(from + PIECE);
        spawn_blocking(move || json(&tasks[from..to], from == 0, to == count).into())
    };
    stream::iter((0..count).step_by(PIECE).map(piece)).buffered(PIECES_AHEAD)
}

fn json(tasks: &[Arc<Task>], is_first: bool, is_last: bool) -> Vec<u8> {
    let mut text = Vec::with_capacity(tasks.len() * 768);
    for (index, task) in tasks.iter().enumerate() {
        text.push(if is_first && index == 0 { b'[' } else { b',' });
        // Writing to memory can't fail, and a task has no maps without text keys.
        let _ = serde_json::to_writer(&mut text, &convert::task(task));
    }
    if is_last {
        text.push(b']');
    }
    text
}

fn status(name: &str) -> Result<Status, Error> {
    convert::status("status", name).map_err(|_| {
        Error::Malformed(format!(
            "status: {name:?} is no status; allowed: pending, scheduled, running, completed, \
             failed, stopped"
        ))
    })
}

/// What is asked for.
struct Filter<'a> {
    statuses: Option<Vec<Status>>,
    node: Option<&'a str>,
    name: Option<&'a str>,
    label: Option<(&'a str, Option<&'a str>)>,
}

impl<'a> Filter<'a> {
    fn new(query: &'a wire::ListTasks) -> Result<Self, Error> {
        let statuses = query.status.as_deref().map(|statuses| {
            let names = statuses.split(',').map(str::trim);
            names.map(status).collect()
        });
        let label = query
            .label
            .as_deref()
            .map(|label| match label.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (label, None),
            });
        Ok(Self {
            statuses: statuses.transpose()?,
            node: query.node_id.as_deref(),
            name: query.name.as_deref(),
            label,
        })
    }

    fn passes(&self, task: &Task) -> bool {
        let status = |statuses: &Vec<Status>| statuses.contains(&task.status);
        let node = |node| task.node.as_ref().is_some_and(|on| on.as_str() == node);
        let label = |(key, value): (&str, Option<&str>)| {
            let has = task.spec.labels.get(key);
            has.is_some_and(|has| value.is_none_or(|value| value == has))
        };
        self.statuses.as_ref().is_none_or(status)
            && self.node.is_none_or(node)
            && self.name.is_none_or(|name| task.spec.name == name)
            && self.label.is_none_or(label)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::master::fixture;

    /// The sequence numbers of a page of 5,000 tasks, and in which steps it was read.
    fn page(limit: usize, passes: impl Fn(&Task) -> bool) -> (Vec<u64>, Vec<(u64, usize)>) {
        let tasks: Vec<_> = (1..=5_000).map(fixture::task).collect();
        let steps = RefCell::new(vec![]);
        let read = |after: u64, most| {
            steps.borrow_mut().push((after, most));
            let after = tasks.iter().skip_while(|task| task.sequence <= after);
            after.take(most).cloned().collect()
        };
        let page = collect(read, 0, limit, passes);
        let page = page.iter().map(|task| task.sequence).collect();
        (page, steps.into_inner())
    }

    #[test]
    fn a_page_is_collected_in_steps_until_it_is_full() {
        assert_eq!(page(2, |_| true), (vec![1, 2, 3], vec![(0, STEP)]));
        let rare = |task: &Task| task.sequence.is_multiple_of(2_000);
        let (found, steps) = page(1, rare);
        assert_eq!(found, [2_000, 4_000], "one, and that there is another");
        assert_eq!(steps, [0, 1_024, 2_048, 3_072].map(|after| (after, STEP)));
        let (found, steps) = page(2, rare);
        assert_eq!((found, steps.len()), (vec![2_000, 4_000], 5));
        assert_eq!(page(3_000, |_| true).0.len(), 3_001);
    }

    #[test]
    fn all_are_read_in_one_step() {
        let (all, steps) = page(usize::MAX, |_| true);
        assert_eq!((all.len(), steps), (5_000, vec![(0, usize::MAX)]));
    }

    #[test]
    fn a_status_that_is_none_is_answered_with_all_there_are() {
        assert_eq!(status("pending"), Ok(Status::Pending));
        let text = status("paused").unwrap_err().to_string();
        assert!(text.starts_with("status: \"paused\""), "{text}");
        assert!(text.contains("allowed: pending, scheduled,"), "{text}");
    }
}
