//! A worker lives, and says what it runs. Mostly that is no news: then nothing is copied and
//! nothing changes. That it was heard is noted by [`State::heard`], not here.

use std::sync::Arc;

use super::report::merge;
use crate::core::draft::Draft;
use crate::core::line::one_line;
use crate::core::{
    Availability, Change, EngineCondition, Heartbeat, Kind, Node, Now, Rejection, State,
};

/// Brings an offline node back, notes its engine's condition, merges what is said about its tasks.
pub fn heartbeat(state: &State, command: &Heartbeat, now: Now) -> Result<Vec<Change>, Rejection> {
    let Some(node) = state.node(&command.node) else {
        return Err(Rejection::UnknownNode(command.node.clone()));
    };
    let engine = command.engine.as_deref().unwrap_or_default();
    // Under way when the worker signed off: nobody is there any more.
    let signed_off = node.has_signed_off() && node.is_podling();
    let is_offline = node.availability == Availability::Offline;
    if signed_off
        || node.is_another_engine(engine)
        || (is_offline && is_another_at_its_address(state, node))
    {
        // Should it be there again, it is to register, and say where it is.
        return Err(Rejection::UnknownNode(command.node.clone()));
    }
    let mut draft = Draft::new(state, now);
    let node = if is_offline {
        let back = Node {
            availability: Availability::Online,
            offline_reason: String::new(),
            unreachable: None,
            heard_at: now.wall,
            ..node.as_ref().clone()
        };
        let message = format!("back after it was offline ({})", node.offline_reason);
        draft.put_node(back, Kind::NodeOnline, message)
    } else {
        node.clone()
    };
    let node = note_condition(&mut draft, node, command);
    end_late_drain(&mut draft, &node, command);
    for report in command.tasks.iter().flatten() {
        merge(&mut draft, report, Some(&command.node));
    }
    Ok(draft.finish())
}

/// Whether another node is online at its address: online both would be taken for one another.
fn is_another_at_its_address(state: &State, node: &Node) -> bool {
    let there = state.node_at(&node.hostname, node.port);
    there.is_some_and(|other| other.id != node.id && other.availability == Availability::Online)
}

/// What its worker says of the engine. Gives the node as it is then.
fn note_condition(draft: &mut Draft<'_>, node: Arc<Node>, command: &Heartbeat) -> Arc<Node> {
    let known = node.degraded.as_deref();
    let (degraded, kind, message) = match &command.condition {
        EngineCondition::Ready | EngineCondition::Closing if known.is_some() => (
            None,
            Kind::NodeRecovered,
            "its engine answers again".to_owned(),
        ),
        EngineCondition::Degraded(why) if known != Some(&*one_line(why)) => {
            let why = one_line(why).into_owned();
            (Some(why.clone()), Kind::NodeDegraded, why)
        }
        EngineCondition::Unsaid
        | EngineCondition::Ready
        | EngineCondition::Closing
        | EngineCondition::Degraded(_) => return node,
    };
    let node = Node {
        degraded,
        heard_at: draft.wall(),
        ..node.as_ref().clone()
    };
    draft.put_node(node, kind, message)
}

/// A worker asks for a drain when it shuts down. When that comes after its next process has
/// registered, nobody is left to end it: so it ends when a worker says that it takes tasks.
fn end_late_drain(draft: &mut Draft<'_>, node: &Node, command: &Heartbeat) {
    let late = node.drain.is_some_and(|drain| drain.by_worker);
    if late && command.condition == EngineCondition::Ready {
        let node = Node {
            drain: None,
            heard_at: draft.wall(),
            ..node.clone()
        };
        draft.put_node(node, Kind::NodeUncordoned, "its worker takes tasks");
    }
}
