//! A host port that another container of this node still has: one that is on its way out, since the
//! master gives a port to one task at a time. The newcomer waits; no task is to blame.

use std::time::Duration;

use super::{Next, Supervisor};
use crate::core::Monotonic;
use crate::wire::Task;
use crate::worker::runtime::Error;
use crate::worker::runtime::container::Stage;

/// How long between looks.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl Supervisor {
    /// The port is taken: waits when that is by another container of this node, else it has failed.
    pub(super) async fn port_taken(&mut self, error: &Error) -> Next {
        let listed = self.shared.runtime.list(&self.shared.node_id).await;
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) => return self.trouble(&error).await,
        };
        let other = listed.into_iter().find(|other| {
            other.stage == Stage::Running
                && other.identity != self.attempt.identity
                && other
                    .task
                    .as_ref()
                    .is_some_and(|task| clash(task, &self.attempt.task))
        });
        let Some(other) = other else {
            // Perhaps it was given up just before this look: believed when it is so again.
            if std::mem::replace(&mut self.port_doubted, true) {
                self.fail(error);
            }
            return Next::Ask;
        };
        self.port_doubted = false;
        self.publish(Some(format!(
            "waits for its host port, which {} still has",
            other.name
        )));
        let until = self.now().0 + LOOK_AGAIN.as_millis() as u64;
        self.wait(Some(Monotonic(until))).await
    }
}

/// Whether both want one port. Different addresses are told apart by the engine.
fn clash(one: &Task, other: &Task) -> bool {
    let mut wanted = one.ports.iter().filter(|port| port.host_port.is_some());
    wanted.any(|port| {
        let mut others = other.ports.iter();
        others.any(|other| (other.host_port, other.protocol) == (port.host_port, port.protocol))
    })
}
