//! A worker begins, or begins again.
//!
//! A node is known by its id, else by where its worker listens, so that a worker that restarts is
//! the same node. A worker listens before it registers: who registers with an address has it.

use super::check::{self, invalid};
use super::fresh_id::fresh_id;
use super::report::merge;
use crate::core::draft::Draft;
use crate::core::line::one_line;
use crate::core::{
    Availability, Change, EngineCondition, Kind, Node, NodeId, Now, Register, Rejection, State,
    transition,
};

/// In touch within so long, the worker that has the id is certainly alive.
const SURELY_ALIVE_MS: u64 = 10_000;
/// When the worker does not say: the Go project's default.
const HEARTBEAT_INTERVAL_MS: u64 = 30_000;

/// Makes the node or brings it up to date, merges what its worker says about its tasks, and takes
/// back what no longer fits.
pub fn register(state: &State, command: &Register, now: Now) -> Result<Vec<Change>, Rejection> {
    check(command)?;
    let known = match &command.node {
        Some(id) => state.node(id),
        None => state.node_at(&command.hostname, command.port),
    };
    if let Some(known) = known {
        check_not_taken(state, known, command, now)?;
    }
    let id = known
        .map(|known| known.id.clone())
        .or_else(|| command.node.clone())
        .unwrap_or_else(|| fresh_id(now, |id| state.node(&NodeId::from(id)).is_some()).into());

    let mut draft = Draft::new(state, now);
    supersede(&mut draft, command, &id);
    // First what becomes of its tasks, then the node: so that invariant 2 holds after each change.
    for report in command.tasks.iter().flatten() {
        merge(&mut draft, report, Some(&id));
    }
    transition::shed(&mut draft, &id, &command.capacity);
    match known {
        None => {
            let address = address(&command.hostname, command.port);
            let node = new_node(command, id, now);
            draft.put_node(
                node,
                Kind::NodeRegistered,
                format!("registered at {address}"),
            );
        }
        Some(known) => update(&mut draft, known, command),
    }
    Ok(draft.finish())
}

fn check(command: &Register) -> Result<(), Rejection> {
    if let Some(id) = &command.node {
        check::name("nodeId", id.as_str())?;
    }
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '/';
    let hostname = &command.hostname;
    if hostname.is_empty() {
        return Err(invalid("hostname", "is required"));
    }
    if hostname.len() > 253 || hostname.contains(odd) {
        let allowed = "must be a host's name or address, without whitespace or '/'";
        return Err(invalid("hostname", allowed));
    }
    if command.port == 0 {
        return Err(invalid("port", "must be between 1 and 65535"));
    }
    if command.heartbeat_interval_ms == Some(0) {
        return Err(invalid("heartbeatIntervalMs", "must be at least 1"));
    }
    check::labels(&command.labels)
}

/// Two live workers must not share an id: each would be told to stop the other's tasks.
fn check_not_taken(
    state: &State,
    known: &Node,
    command: &Register,
    now: Now,
) -> Result<(), Rejection> {
    let moved = known.hostname != command.hostname || known.port != command.port;
    let in_touch = state.last_contact(&known.id).is_some_and(|contact| {
        now.mono.since_ms(contact.heard_at.max(contact.answered_at)) < SURELY_ALIVE_MS
    });
    if moved && in_touch && known.availability == Availability::Online {
        return Err(Rejection::NodeIdTaken {
            node: known.id.clone(),
            address: address(&known.hostname, known.port),
        });
    }
    Ok(())
}

/// Whoever had this address before has lost it: probes of that node would find this worker.
fn supersede(draft: &mut Draft<'_>, command: &Register, id: &NodeId) {
    let before = draft.state().node_at(&command.hostname, command.port);
    let Some(before) = before.filter(|node| node.id != *id) else {
        return;
    };
    if before.availability == Availability::Online {
        let address = address(&command.hostname, command.port);
        let why = format!("node {id} registered at its address {address}");
        let for_its_tasks = format!("node {} lost: node {id} has its address", before.id);
        transition::lose(draft, before, &why, &for_its_tasks);
    }
}

fn new_node(command: &Register, id: NodeId, now: Now) -> Node {
    Node {
        id,
        hostname: command.hostname.clone(),
        port: command.port,
        availability: Availability::Online,
        drain: None,
        degraded: degraded(&command.condition),
        unreachable: None,
        offline_reason: String::new(),
        capacity: command.capacity,
        labels: command.labels.clone(),
        engine: command.engine.clone(),
        version: command.version.clone(),
        heartbeat_interval_ms: command
            .heartbeat_interval_ms
            .unwrap_or(HEARTBEAT_INTERVAL_MS),
        registered_at: now.wall,
        heard_at: now.wall,
    }
}

/// A known node: what its worker says now holds. An operator's drain goes on; one that the worker
/// asked for, because it shut down, is over.
fn update(draft: &mut Draft<'_>, known: &Node, command: &Register) {
    let back = known.availability == Availability::Offline;
    let mut node = Node {
        drain: known.drain.filter(|drain| !drain.by_worker),
        unreachable: known.unreachable.clone().filter(|_| !back),
        engine: command.engine.clone().or_else(|| known.engine.clone()),
        registered_at: known.registered_at,
        heard_at: known.heard_at,
        ..new_node(command, known.id.clone(), draft.now())
    };
    if node == *known {
        return;
    }
    let (kind, message) = if back {
        (
            Kind::NodeOnline,
            format!("back at {}", address(&node.hostname, node.port)),
        )
    } else {
        (Kind::NodeUpdated, changed(known, &node))
    };
    node.heard_at = draft.wall();
    draft.put_node(node, kind, message);
}

/// What is not as it was: `capacity and labels changed`.
fn changed(before: &Node, after: &Node) -> String {
    let parts = [
        (
            "address",
            (&before.hostname, before.port) != (&after.hostname, after.port),
        ),
        ("capacity", before.capacity != after.capacity),
        ("labels", before.labels != after.labels),
        ("engine", before.engine != after.engine),
        ("version", before.version != after.version),
        ("drain", before.drain != after.drain),
        ("engine's condition", before.degraded != after.degraded),
        (
            "heartbeat interval",
            before.heartbeat_interval_ms != after.heartbeat_interval_ms,
        ),
    ];
    let parts: Vec<_> = parts
        .iter()
        .filter(|part| part.1)
        .map(|part| part.0)
        .collect();
    format!("registered again: {} changed", parts.join(", "))
}

fn degraded(condition: &EngineCondition) -> Option<String> {
    match condition {
        EngineCondition::Unsaid | EngineCondition::Ready | EngineCondition::Closing => None,
        EngineCondition::Degraded(why) => Some(one_line(why).into_owned()),
    }
}

fn address(hostname: &str, port: u16) -> String {
    format!("{hostname}:{port}")
}

#[cfg(test)]
mod tests;
