//! What makes the placer look again.

use crate::core::Kind;

/// Whether a pending task may fit now that this has happened.
pub(super) fn may_make_room(kind: Kind) -> bool {
    match kind {
        Kind::TaskRescheduled
        | Kind::TaskCompleted
        | Kind::TaskFailed
        | Kind::TaskStopped
        | Kind::TaskRemoved
        | Kind::NodeRegistered
        | Kind::NodeUpdated
        | Kind::NodeOnline
        | Kind::NodeOffline
        | Kind::NodeReachable
        | Kind::NodeRecovered
        | Kind::NodeUncordoned
        | Kind::NodeRemoved
        | Kind::BrakeReleased => true,
        Kind::TaskSubmitted
        | Kind::TaskUnschedulable
        | Kind::TaskScheduled
        | Kind::TaskProgress
        | Kind::TaskRunning
        | Kind::TaskRestarted
        | Kind::TaskHealth
        | Kind::TaskStopping
        | Kind::NodeUnreachable
        | Kind::NodeDegraded
        | Kind::NodeDraining
        | Kind::BrakeEngaged => false,
    }
}
