//! A node is to get nothing new, and after a deadline what still runs on it is moved.

use super::check;
use crate::core::draft::Draft;
use crate::core::{Change, Drain, DrainState, Kind, Node, Now, Rejection, State, transition};

/// Begins a drain, or gives a running one another deadline. Deadline 0 moves everything at once.
/// An operator's drain stays one when the worker asks too: only its deadline may come earlier.
pub fn drain(state: &State, command: &Drain, now: Now) -> Result<Vec<Change>, Rejection> {
    check::deadline_seconds(command.deadline_seconds)?;
    let Some(node) = state.node(&command.node) else {
        return Err(Rejection::UnknownNode(command.node.clone()));
    };
    let ms = i64::try_from(command.deadline_seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
    let mut asked = DrainState {
        deadline: now.wall.plus_ms(ms),
        by_worker: command.by_worker,
    };
    if let Some(operators) = node.drain.filter(|drain| !drain.by_worker)
        && command.by_worker
    {
        asked.deadline = asked.deadline.min(operators.deadline);
        asked.by_worker = false;
    }
    let drain = Some(asked);
    let mut draft = Draft::new(state, now);
    if node.drain != drain {
        let message = match command.deadline_seconds {
            0 => "being drained: its tasks are moved now".to_owned(),
            seconds => format!("being drained: what still runs in {seconds} s is moved"),
        };
        let node = Node {
            drain,
            ..node.as_ref().clone()
        };
        draft.put_node(node, Kind::NodeDraining, message);
    }
    if command.deadline_seconds == 0 {
        transition::move_all_off(&mut draft, &command.node);
    }
    Ok(draft.finish())
}
