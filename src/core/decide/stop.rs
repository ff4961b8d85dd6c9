//! A user wants a task to end. Asked again, it may only end sooner.

use super::check;
use crate::core::draft::Draft;
use crate::core::transition::{self, End};
use crate::core::{Change, Desired, Now, Rejection, State, Status, Stop};

/// Ends a task that waits at once; one that has a node ends there, and its worker reports it.
pub fn stop(state: &State, command: &Stop, now: Now) -> Result<Vec<Change>, Rejection> {
    check::grace_seconds(command.grace_seconds)?;
    let mut draft = Draft::new(state, now);
    let Some(task) = draft.task(&command.task) else {
        return Err(Rejection::UnknownTask(command.task.clone()));
    };
    if task.status == Status::Pending {
        let stopped = End {
            status: Status::Stopped,
            exit_code: None,
            error: None,
            reason: "stopped by a user before it had a node".into(),
        };
        transition::end(&mut draft, &task, stopped);
    } else if task.status.is_active() {
        let asked = command.grace_seconds;
        let grace_seconds = match task.desired {
            Desired::Run => Some(asked),
            // It ends already, but must not go on elsewhere.
            Desired::Move { grace_seconds, .. } => Some(asked.min(grace_seconds)),
            Desired::Stop { grace_seconds } => Some(asked).filter(|asked| *asked < grace_seconds),
            Desired::Remove { .. } => None,
        };
        if let Some(grace_seconds) = grace_seconds {
            let message = format!("a user asked for its end, within {grace_seconds} s");
            let desired = Desired::Stop { grace_seconds };
            transition::stop(&mut draft, &task, desired, message);
        }
    }
    Ok(draft.finish())
}
