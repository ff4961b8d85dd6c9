//! Takes one parcel to a worker and says what became of each message.

use super::outbox::{Lane, Message, Outcome, Parcel, Ticket};
use crate::client::Error;
use crate::core::{Command, Decline, Monotonic, Node, NodeId, Report, Status, Task};
use crate::master::convert;
use crate::master::workers::Workers;
use crate::telemetry::counted;
use crate::wire;

/// The codes of refusals that mean something for the task.
const INVALID: &str = "invalid";
const SHUTTING_DOWN: &str = "shutting_down";

/// What became of a parcel.
#[derive(Debug)]
pub struct Delivery {
    /// To which node it was sent.
    pub node: NodeId,
    /// In which lane.
    pub lane: Lane,
    /// When.
    pub sent_at: Monotonic,
    /// Whether the worker answered at all.
    pub reached: bool,
    /// What became of each message.
    pub outcomes: Vec<(Ticket, Outcome)>,
    /// What the worker's refusals mean for the tasks.
    pub meaning: Vec<Command>,
}

impl Delivery {
    /// How many messages need not be sent again.
    pub fn accepted(&self) -> u64 {
        let settled = self.outcomes.iter().filter(|o| o.1 == Outcome::Settled);
        settled.count() as u64
    }

    /// Whether something has to be sent again.
    pub fn failed(&self) -> bool {
        self.outcomes.iter().any(|o| o.1 != Outcome::Settled)
    }

    fn note(&mut self, ticket: Ticket, outcome: Outcome) {
        if outcome == Outcome::NotReached {
            self.reached = false;
        }
        self.outcomes.push((ticket, outcome));
    }
}

/// Sends it: several runs in one request where the worker understands that, else one by one.
pub async fn deliver(
    workers: &dyn Workers,
    node: &Node,
    cluster_id: &str,
    parcel: Parcel,
) -> Delivery {
    let mut delivery = Delivery {
        node: parcel.node,
        lane: parcel.lane,
        sent_at: parcel.sent_at,
        reached: true,
        outcomes: vec![],
        meaning: vec![],
    };
    if node.is_podling()
        && parcel.messages.len() > 1
        && together(workers, node, cluster_id, &parcel.messages, &mut delivery).await
    {
        return delivery;
    }
    for (ticket, message) in parcel.messages {
        let outcome = if delivery.reached {
            alone(workers, node, cluster_id, &message, &mut delivery).await
        } else {
            Outcome::NotReached
        };
        delivery.note(ticket, outcome);
    }
    delivery
}

/// All runs in one request; false when they have to go one by one.
async fn together(
    workers: &dyn Workers,
    node: &Node,
    cluster_id: &str,
    messages: &[(Ticket, Message)],
    delivery: &mut Delivery,
) -> bool {
    let runs = messages
        .iter()
        .filter_map(|(ticket, message)| match message {
            Message::Run(task) => Some((*ticket, task)),
            Message::Stop(_) | Message::Remove(_) => None,
        });
    let runs: Vec<_> = runs.collect();
    let tasks = runs
        .iter()
        .map(|(_, task)| convert::ordered(task, cluster_id))
        .collect();
    let batch = wire::ExecuteBatch { tasks };
    let verdicts = match workers.execute_batch(node, &batch).await {
        Ok(verdicts) => verdicts,
        // Together they are longer than a worker takes, or it does not know batches, or one of
        // them makes no sense to it: asked one by one it says which.
        Err(Error::Status {
            status: 400 | 413 | 404 | 405,
            ..
        }) => return false,
        Err(error) => {
            let outcome = outcome_of(&error);
            let count = counted(runs.len(), "task");
            log::warn!("node {}: {count} not sent: {error}", node.id);
            for (ticket, _) in runs {
                delivery.note(ticket, outcome);
            }
            return true;
        }
    };
    for (ticket, task) in runs {
        let verdict = verdicts.iter().find(|v| v.task_id == task.id.as_str());
        let Some(verdict) = verdict else {
            delivery.note(ticket, Outcome::Refused);
            continue;
        };
        let outcome = of_verdict(verdict);
        if !verdict.accepted {
            let why = verdict.error.as_deref().unwrap_or("no reason given");
            log::warn!("node {}: task {} refused: {why}", node.id, task.id);
            let meaning = meaning(task, delivery, verdict.code.as_deref(), why);
            delivery.meaning.extend(meaning);
        }
        delivery.note(ticket, outcome);
    }
    true
}

/// The same as [`outcome_of`] says of the status that goes with the code.
fn of_verdict(verdict: &wire::ExecuteVerdict) -> Outcome {
    let older = verdict.code.as_deref() == Some("older_attempt");
    match verdict.accepted || older || is_impossible(verdict) {
        true => Outcome::Settled,
        false => Outcome::Refused,
    }
}

fn is_impossible(verdict: &wire::ExecuteVerdict) -> bool {
    !verdict.accepted && verdict.code.as_deref() == Some(INVALID)
}

async fn alone(
    workers: &dyn Workers,
    node: &Node,
    cluster_id: &str,
    message: &Message,
    delivery: &mut Delivery,
) -> Outcome {
    let sent = match message {
        Message::Run(task) => {
            let task = convert::ordered(task, cluster_id);
            workers.execute(node, &task).await
        }
        Message::Stop(stop) => {
            let body = wire::Stop {
                grace_period_seconds: Some(stop.grace_seconds),
                attempt: Some(stop.attempt),
            };
            workers.stop(node, stop.task.as_str(), &body).await
        }
        Message::Remove(id) => workers.remove(node, id.as_str()).await,
    };
    let Err(error) = sent else {
        return Outcome::Settled;
    };
    if error.is_not_found() && matches!(message, Message::Remove(_)) {
        return Outcome::Settled;
    }
    log::warn!("node {}: {} {error}", node.id, about(message));
    let outcome = outcome_of(&error);
    if let (
        Message::Run(task),
        Error::Status {
            status,
            code,
            error,
            ..
        },
    ) = (message, &error)
    {
        let code = match status {
            400 | 413 => INVALID,
            _ => code.as_str(),
        };
        let meaning = meaning(task, delivery, Some(code), error);
        delivery.meaning.extend(meaning);
    }
    outcome
}

fn about(message: &Message) -> String {
    match message {
        Message::Run(task) => format!("task {} not sent:", task.id),
        Message::Stop(stop) => format!("task {} not told to stop:", stop.task),
        Message::Remove(id) => format!("container of task {id} not removed:"),
    }
}

fn outcome_of(error: &Error) -> Outcome {
    match error {
        Error::Unreachable { .. } | Error::Timeout { .. } | Error::Malformed { .. } => {
            Outcome::NotReached
        }
        // It will not say anything else next time; what matters comes up again with a heartbeat.
        Error::Status { status, .. } if (400..500).contains(status) && *status != 429 => {
            Outcome::Settled
        }
        Error::Status { .. } => Outcome::Refused,
    }
}

/// What a refusal means for the task. Called impossible, it has failed; not taken by a worker that
/// shuts down, it waits for another. (That order is sent again all the same, until it is overtaken:
/// the decision may get lost.) Anything else is tried again.
fn meaning(task: &Task, delivery: &Delivery, code: Option<&str>, error: &str) -> Option<Command> {
    match code {
        Some(INVALID) => Some(Command::Report(refused(task, &delivery.node, error))),
        Some(SHUTTING_DOWN) => Some(Command::Decline(Decline {
            task: task.id.clone(),
            attempt: task.attempt,
            node: delivery.node.clone(),
            sent_at: delivery.sent_at,
        })),
        Some(_) | None => None,
    }
}

/// A worker that calls the task itself impossible will never run it: that is its end.
fn refused(task: &Task, node: &NodeId, error: &str) -> Report {
    Report {
        task: task.id.clone(),
        attempt: Some(task.attempt),
        node: Some(node.clone()),
        status: Status::Failed,
        container_id: None,
        exit_code: None,
        error: Some(format!("node {node} refused the task: {error}")),
        reason: None,
        restart_count: None,
        health: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_refused_among_many_is_treated_as_one_refused_alone() {
        let verdict = |accepted, code: Option<&str>| wire::ExecuteVerdict {
            task_id: "t".into(),
            accepted,
            error: None,
            code: code.map(Into::into),
        };
        for (verdict, outcome, impossible) in [
            (verdict(true, None), Outcome::Settled, false),
            (verdict(false, Some("invalid")), Outcome::Settled, true),
            (
                verdict(false, Some("older_attempt")),
                Outcome::Settled,
                false,
            ),
            (
                verdict(false, Some("shutting_down")),
                Outcome::Refused,
                false,
            ),
            // An older worker gives no code.
            (verdict(false, None), Outcome::Refused, false),
        ] {
            assert_eq!(of_verdict(&verdict), outcome, "{verdict:?}");
            assert_eq!(is_impossible(&verdict), impossible, "{verdict:?}");
        }
    }
}
