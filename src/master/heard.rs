//! What a command shows beside what it asks for: that a node's worker is alive, and what goes on
//! there.

use crate::core::{Command, NodeId, Now, Registrant, Report, State, TaskId};

/// An attempt of a task.
type Attempt = (TaskId, u32);

/// Whom a command shows to be alive, and what it names.
pub enum Heard {
    /// A worker beats, and perhaps names everything it has: what of it has not ended.
    Beat(NodeId, Option<Vec<Attempt>>),
    /// A worker reports, perhaps an end.
    Report(NodeId, Option<Attempt>),
    /// A worker begins, or begins again.
    Registered(Registrant, Option<Vec<Attempt>>),
    /// A worker says that it is about to be gone.
    SignedOff(NodeId),
    /// Anybody may have sent it.
    Nobody,
}

impl Heard {
    /// To be asked before the command is carried out.
    pub fn by(command: &Command) -> Self {
        match command {
            Command::Heartbeat(beat) => {
                Self::Beat(beat.node.clone(), going_on(beat.tasks.as_deref()))
            }
            Command::Report(report) => match &report.node {
                Some(node) => {
                    let attempt = report.attempt.filter(|_| report.status.is_ended());
                    let ended = attempt.map(|attempt| (report.task.clone(), attempt));
                    Self::Report(node.clone(), ended)
                }
                None => Self::Nobody,
            },
            Command::Register(register) => {
                Self::Registered(register.registrant(), going_on(register.tasks.as_deref()))
            }
            Command::Deregister(gone) => Self::SignedOff(gone.node.clone()),
            Command::Submit(_)
            | Command::Stop(_)
            | Command::Remove(_)
            | Command::Decline(_)
            | Command::Drain(_)
            | Command::Uncordon(_)
            | Command::Forget(_)
            | Command::Prune
            | Command::ReleaseBrake => Self::Nobody,
        }
    }

    /// Notes that the worker is alive, when the command itself could not be carried out. (Who registers
    /// may yet be refused.)
    pub fn note_alive(&self, state: &mut State, now: Now) {
        match self {
            Self::Beat(node, _) | Self::Report(node, _) => state.heard(node, now),
            Self::Registered(..) | Self::SignedOff(_) | Self::Nobody => {}
        }
    }

    /// Notes it, once the command is carried out. Says whether that makes room for pending tasks.
    pub fn note(self, state: &mut State, now: Now) -> bool {
        match self {
            Self::Beat(node, named) => {
                state.heard(&node, now);
                named.is_some_and(|named| state.named(&node, &named))
            }
            Self::Report(node, ended) => {
                state.heard(&node, now);
                ended.is_some_and(|(task, attempt)| state.named_ended(&node, &task, attempt))
            }
            Self::Registered(registrant, named) => {
                let Some(node) = state.registrant(&registrant).map(|node| node.id.clone()) else {
                    return false;
                };
                state.registered(&node, now);
                named.is_some_and(|named| state.named(&node, &named))
            }
            Self::SignedOff(node) => {
                state.signed_off(&node);
                false
            }
            Self::Nobody => false,
        }
    }
}

fn going_on(named: Option<&[Report]>) -> Option<Vec<Attempt>> {
    let going_on = named?.iter().filter(|report| !report.status.is_ended());
    let attempt = |report: &Report| (report.task.clone(), report.attempt.unwrap_or_default());
    Some(going_on.map(attempt).collect())
}
