//! What Docker tells of podling's containers.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptions;
use futures_util::StreamExt;
use futures_util::future::ready;
use futures_util::stream::BoxStream;

use super::super::container::LABEL_TASK;
use super::super::{Error, Event, EventKind, Result};
use super::failure::{Operation, failure};

/// How far back events are asked for, so that none is lost between the moment somebody wants to
/// listen and the moment Docker hears of it. Doubled ones do no harm.
const OVERLAP_SECONDS: i64 = 5;
/// The engine has to begin its answer within this. It does so before there is any event, and then
/// may be silent for days.
const HEAD: Duration = Duration::from_secs(15);

/// The events that matter, of this node's containers. `exec_…` events are not asked for: they carry
/// whole command lines.
pub fn events(
    host: &str,
    client: &bollard::Docker,
    of_node: &str,
) -> BoxStream<'static, Result<Event>> {
    let host = host.to_owned();
    let since = jiff::Timestamp::now().as_second() - OVERLAP_SECONDS;
    let wanted = ["die", "oom", "destroy", "health_status"].map(String::from);
    let options = EventsOptions {
        since: Some(since.to_string()),
        until: None,
        filters: Some(HashMap::from([
            ("type".into(), vec!["container".into()]),
            ("label".into(), vec![of_node.into()]),
            ("event".into(), wanted.to_vec()),
        ])),
    };
    // bollard's limit is for the head of an answer, and here it is that what counts.
    let client = client.clone().with_timeout(HEAD);
    client
        .events(Some(options))
        .filter_map(move |message| {
            ready(match message {
                Ok(message) => event(message).map(Ok),
                Err(bollard::errors::Error::RequestTimeoutError) => Some(Err(Error::Timeout {
                    operation: Operation::Events.text(),
                    seconds: HEAD.as_secs(),
                })),
                Err(error) => Some(Err(failure(&host, Operation::Events, "", error))),
            })
        })
        .boxed()
}

fn event(message: EventMessage) -> Option<Event> {
    let actor = message.actor?;
    let mut attributes = actor.attributes.unwrap_or_default();
    let kind = match message.action.as_deref()? {
        "die" => EventKind::Died,
        "oom" => EventKind::OutOfMemory,
        "destroy" => EventKind::Destroyed,
        // "health_status: healthy"
        health => EventKind::Health(health.strip_prefix("health_status: ")?.into()),
    };
    Some(Event {
        container_id: actor.id?,
        task_id: attributes.remove(LABEL_TASK)?,
        kind,
    })
}
