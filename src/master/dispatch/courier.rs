//! Takes one parcel to a worker and says what became of each message.

use super::outbox::{Lane, Message, Outcome, Parcel, Ticket};
use crate::client::{Error, WorkerClient};
use crate::core::{NodeId, Report, Status, Task};
use crate::master::convert;
use crate::wire;

/// What became of a parcel.
#[derive(Debug)]
pub struct Delivery {
    /// To which node it was sent.
    pub node: NodeId,
    /// In which lane.
    pub lane: Lane,
    /// Whether the worker answered at all.
    pub reached: bool,
    /// What became of each message.
    pub outcomes: Vec<(Ticket, Outcome)>,
    /// What the worker's refusals mean for the tasks.
    pub reports: Vec<Report>,
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
pub async fn deliver(client: WorkerClient, batches: bool, parcel: Parcel) -> Delivery {
    let mut delivery = Delivery {
        node: parcel.node,
        lane: parcel.lane,
        reached: true,
        outcomes: vec![],
        reports: vec![],
    };
    if batches
        && parcel.messages.len() > 1
        && let Some(outcomes) = together(&client, &parcel.messages).await
    {
        for (ticket, outcome) in outcomes {
            delivery.note(ticket, outcome);
        }
        return delivery;
    }
    for (ticket, message) in parcel.messages {
        let outcome = if delivery.reached {
            alone(&client, &message, &mut delivery).await
        } else {
            Outcome::NotReached
        };
        delivery.note(ticket, outcome);
    }
    delivery
}

/// All runs in one request; none when they have to go one by one.
async fn together(
    client: &WorkerClient,
    messages: &[(Ticket, Message)],
) -> Option<Vec<(Ticket, Outcome)>> {
    let runs = messages
        .iter()
        .filter_map(|(ticket, message)| match message {
            Message::Run(task) => Some((*ticket, task)),
            Message::Stop(_) | Message::Remove(_) => None,
        });
    let (tickets, tasks): (Vec<_>, Vec<_>) = runs
        .map(|(ticket, task)| (ticket, convert::task(task)))
        .unzip();
    let batch = wire::ExecuteBatch { tasks };
    let verdicts = match client.execute_batch(&batch).await {
        Ok(verdicts) => verdicts,
        // Together they are longer than a worker takes, or it does not know batches.
        Err(Error::Status {
            status: 413 | 404 | 405,
            ..
        }) => return None,
        Err(error) => {
            let outcome = outcome_of(&error);
            log::warn!(
                "{}: {} tasks not sent: {error}",
                client.base_url(),
                tickets.len()
            );
            return Some(tickets.into_iter().map(|t| (t, outcome)).collect());
        }
    };
    let outcome = |id: &str| match verdicts.iter().find(|verdict| verdict.task_id == id) {
        Some(verdict) if verdict.accepted => Outcome::Settled,
        Some(verdict) => {
            let why = verdict.error.as_deref().unwrap_or("no reason given");
            log::warn!("{}: task {id} refused: {why}", client.base_url());
            Outcome::Refused
        }
        None => Outcome::Refused,
    };
    let ids = batch.tasks.iter().map(|task| outcome(&task.task_id));
    Some(tickets.into_iter().zip(ids).collect())
}

async fn alone(client: &WorkerClient, message: &Message, delivery: &mut Delivery) -> Outcome {
    let sent = match message {
        Message::Run(task) => client.execute(&convert::task(task)).await,
        Message::Stop(stop) => {
            let body = wire::Stop {
                grace_period_seconds: Some(stop.grace_seconds),
                attempt: Some(stop.attempt),
            };
            client.stop(stop.task.as_str(), &body).await
        }
        Message::Remove(id) => client.remove(id.as_str()).await,
    };
    let Err(error) = sent else {
        return Outcome::Settled;
    };
    if error.is_not_found() && matches!(message, Message::Remove(_)) {
        return Outcome::Settled;
    }
    log::warn!("{}: {} {error}", client.base_url(), about(message));
    let outcome = outcome_of(&error);
    if let (
        Message::Run(task),
        Error::Status {
            status: 400 | 413,
            error,
            ..
        },
    ) = (message, &error)
    {
        delivery.reports.push(refused(task, &delivery.node, error));
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
