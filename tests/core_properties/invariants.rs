//! The invariants, written out.

use podling::core::{Availability, Change, Event, Node, State, Status, Task, TaskId, Write};

/// After every single change.
pub fn after_change(before: &State, change: &Change, after: &State) {
    after.check().unwrap();
    let event = change.event.as_ref();
    assert_eq!(
        event.sequence,
        before.last_event() + 1,
        "events are numbered without gaps"
    );
    assert_eq!(after.last_event(), event.sequence);
    assert!(!event.message.is_empty(), "{event:?} explains nothing");
    let told = after.events_after(before.last_event()).unwrap();
    assert_eq!(told.iter().map(AsRef::as_ref).collect::<Vec<_>>(), [event]);
    match &change.write {
        Write::PutTask(task) => {
            put_task(before.task(&task.id).map(AsRef::as_ref), task, event);
        }
        Write::RemoveTask(task) => {
            about(&task.id, event);
            assert!(before.task(&task.id).is_some() && after.task(&task.id).is_none());
        }
        Write::PutNode(node) => {
            assert_eq!(event.node.as_ref(), Some(&node.id));
            let known = before.node(&node.id).map(AsRef::as_ref);
            assert_ne!(known, Some(node.as_ref()), "a change that changes nothing");
            put_node(node);
        }
        Write::RemoveNode(id) => {
            let node = before.node(id).unwrap();
            assert_eq!(node.availability, Availability::Offline);
        }
        Write::SetBrake(brake) => {
            assert_ne!(before.brake(), brake.as_ref());
            assert_eq!(after.brake(), brake.as_ref());
        }
    }
}

fn about(task: &TaskId, event: &Event) {
    assert_eq!(event.task.as_ref(), Some(task));
}

fn put_task(before: Option<&Task>, task: &Task, event: &Event) {
    about(&task.id, event);
    assert_eq!(event.attempt, task.attempt);
    assert_eq!(
        task.events().last(),
        Some(event),
        "each change is explained in the history"
    );
    assert!(task.history.len() <= Task::HISTORY);
    assert_eq!(task.status.is_ended(), task.ended.is_some());
    if let Some(most) = task.spec.max_attempts {
        assert!(task.attempt <= most, "placed more often than allowed");
    }
    match before {
        None => assert_eq!((task.status, task.attempt), (Status::Pending, 0)),
        Some(before) => follows(before, task),
    }
}

/// Invariants 3 and 4.
fn follows(before: &Task, after: &Task) {
    assert_eq!(before.spec, after.spec);
    assert_eq!(
        (before.sequence, before.created_at, &before.idempotency),
        (after.sequence, after.created_at, &after.idempotency)
    );
    assert!(
        !before.status.is_ended(),
        "what has ended stays as it ended"
    );
    let same = Task {
        history: after.history.clone(),
        ..before.clone()
    };
    assert_ne!(&same, after, "a change that changes nothing");
    match (before.status, after.status) {
        (Status::Pending, Status::Scheduled) => {
            assert_eq!(
                after.attempt,
                before.attempt + 1,
                "a placement is a new attempt"
            );
            assert_eq!(after.container_id, None);
        }
        (Status::Pending, Status::Pending | Status::Stopped)
        | (Status::Scheduled | Status::Running, Status::Pending) => {
            assert_eq!(after.attempt, before.attempt);
            assert_eq!(after.node, None);
        }
        (before_status, after_status) => {
            assert!(
                after_status >= before_status,
                "{before_status:?} after {after_status:?}"
            );
            assert!(before_status.is_active());
            assert_eq!((after.attempt, &after.node), (before.attempt, &before.node));
            assert!(after.restart_count >= before.restart_count);
            assert!(before.container_id.is_none() || after.container_id.is_some());
            assert!(before.started_at.is_none() || after.started_at == before.started_at);
        }
    }
}

fn put_node(node: &Node) {
    let online = node.availability == Availability::Online;
    assert_eq!(online, node.offline_reason.is_empty());
    assert!(online || node.unreachable.is_none());
}

/// After all changes of a decision.
pub fn after_decision(state: &State) {
    for task in state.tasks() {
        if task.status == Status::Pending {
            assert!(!task.reason.is_empty(), "a pending task says why");
            assert_eq!(task.node, None);
        }
        if let Some(node) = task.occupies() {
            let node = state.node(node).unwrap();
            assert_eq!(node.availability, Availability::Online);
        }
    }
}
