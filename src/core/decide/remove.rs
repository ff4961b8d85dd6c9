//! A user wants a task to be forgotten.

use crate::core::draft::Draft;
use crate::core::{Availability, Change, Desired, Now, Rejection, Remove, State, Task, transition};

/// Forgets a task that does not run. One that does is refused, or with force killed first and
/// forgotten when its worker says that it has ended.
pub fn remove(state: &State, command: &Remove, now: Now) -> Result<Vec<Change>, Rejection> {
    let mut draft = Draft::new(state, now);
    let Some(task) = draft.task(&command.task) else {
        return Err(Rejection::UnknownTask(command.task.clone()));
    };
    if !task.status.is_active() {
        transition::remove(&mut draft, &task, "removed by a user");
    } else if !command.force {
        return Err(Rejection::NotEnded {
            task: task.id.clone(),
            status: task.status,
        });
    } else if !on_an_online_node(state, &task) {
        // Nobody could report its end; a node that comes back is told to stop what it has of it.
        transition::remove(&mut draft, &task, "removed by a user, its node is gone");
    } else if !matches!(task.desired, Desired::Remove { .. }) {
        let desired = Desired::Remove { grace_seconds: 0 };
        transition::stop(
            &mut draft,
            &task,
            desired,
            "a user wants it killed and removed",
        );
    }
    Ok(draft.finish())
}

fn on_an_online_node(state: &State, task: &Task) -> bool {
    let node = task.node.as_ref().and_then(|node| state.node(node));
    node.is_some_and(|node| node.availability == Availability::Online)
}
