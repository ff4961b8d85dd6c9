//! A worker did not take a task, because it shuts down: nothing ever ran there.

use crate::core::draft::Draft;
use crate::core::{
    Availability, Change, Decline, DrainState, Kind, Node, Now, Rejection, State, Status,
    transition,
};

/// How long the drain may last that a shutdown is: what is left then is moved. Its worker ends, or
/// registers again, much sooner.
const DRAIN_MS: i64 = 60 * 60 * 1000;

/// The task waits for another node, and this one gets nothing new before it registers again.
pub fn decline(state: &State, command: &Decline, now: Now) -> Result<Vec<Change>, Rejection> {
    let Some(node) = state.node(&command.node) else {
        return Err(Rejection::UnknownNode(command.node.clone()));
    };
    let mut draft = Draft::new(state, now);
    if state.contact(&command.node).registered_at > command.sent_at {
        // Said by a process that is gone. The one there now may run it: it was told so, or will be.
        return Ok(draft.finish());
    }
    if node.availability == Availability::Online && node.drain.is_none() {
        let draining = Node {
            drain: Some(DrainState {
                deadline: now.wall.plus_ms(DRAIN_MS),
                by_worker: true,
            }),
            ..node.as_ref().clone()
        };
        draft.put_node(draining, Kind::NodeDraining, "its worker is shutting down");
    }
    let task = draft.task(&command.task).filter(|task| {
        task.status == Status::Scheduled
            && task.attempt == command.attempt
            && task.node.as_ref() == Some(&command.node)
    });
    if let Some(task) = task {
        let why = format!("node {} is shutting down and did not take it", node.id);
        transition::decline(&mut draft, &task, &why);
    }
    Ok(draft.finish())
}

#[cfg(test)]
mod tests {
    use crate::core::test_cluster::{Cluster, registration, slots_only, spec};
    use crate::core::{Command, Decline, Kind, NodeId, Register, Spec, Status, TaskId};

    fn declined(cluster: &mut Cluster, node: &NodeId, task: &TaskId, attempt: u32) -> Vec<Kind> {
        cluster.run(Command::Decline(Decline {
            task: task.clone(),
            attempt,
            node: node.clone(),
            sent_at: cluster.now.mono,
        }))
    }

    #[test]
    fn a_task_that_was_not_taken_waits_for_another_node_even_when_it_may_be_placed_once() {
        let mut cluster = Cluster::new();
        let a = cluster.add_node("a", 5);
        let id = cluster.submit(Spec {
            max_attempts: Some(1),
            ..spec()
        });
        assert_eq!(
            declined(&mut cluster, &a, &id, 1),
            [Kind::NodeDraining, Kind::TaskRescheduled]
        );
        assert_eq!(declined(&mut cluster, &a, &id, 1), []);
        assert_eq!(cluster.place(), [Kind::TaskUnschedulable]);
        let b = cluster.add_node("b", 5);
        cluster.place();
        assert_eq!((cluster.node_of(&id), cluster.task(&id).attempt), ("b", 2));
        // What may have run is not repeated.
        assert_eq!(
            cluster.deregister(&b),
            [Kind::NodeOffline, Kind::TaskFailed]
        );
    }

    #[test]
    fn what_the_process_before_did_not_take_the_one_there_now_may_run() {
        let mut cluster = Cluster::new();
        let a = cluster.add_node("a", 5);
        let id = cluster.submit(Spec {
            max_attempts: Some(1),
            ..spec()
        });
        let sent_at = cluster.now.mono;
        cluster.pass(1_000);
        let again = Register {
            capacity: slots_only(5),
            ..registration("a")
        };
        cluster.register(again);
        let late = Decline {
            task: id.clone(),
            attempt: 1,
            node: a,
            sent_at,
        };
        assert_eq!(cluster.run(Command::Decline(late)), []);
        assert_eq!(cluster.task(&id).status, Status::Scheduled);
    }

    #[test]
    fn the_node_takes_tasks_again_when_its_worker_does() {
        let mut cluster = Cluster::new();
        let a = cluster.add_node("a", 5);
        let id = cluster.submit(spec());
        declined(&mut cluster, &a, &id, 1);
        let again = Register {
            capacity: slots_only(5),
            ..registration("a")
        };
        assert_eq!(cluster.register(again), [Kind::NodeUpdated]);
        cluster.place();
        assert_eq!(cluster.node_of(&id), "a");
    }

    #[test]
    fn what_runs_was_taken_and_what_was_to_end_has_ended() {
        let mut cluster = Cluster::new();
        let a = cluster.add_node("a", 5);
        let [runs, stopping, removing] = [(); 3].map(|()| cluster.submit(spec()));
        cluster.becomes(&runs, Status::Running);
        cluster.stop(&stopping);
        cluster.remove(&removing, true);
        assert_eq!(declined(&mut cluster, &a, &runs, 1), [Kind::NodeDraining]);
        assert_eq!(declined(&mut cluster, &a, &stopping, 2), []);
        assert_eq!(
            declined(&mut cluster, &a, &stopping, 1),
            [Kind::TaskStopped]
        );
        assert_eq!(
            declined(&mut cluster, &a, &removing, 1),
            [Kind::TaskRemoved]
        );
    }
}
