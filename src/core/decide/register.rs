//! A worker begins, or begins again.
//!
//! A node is known by its id, else by where its worker listens, so that a worker that restarts is
//! the same node. A worker listens before it registers: who registers with an address has it, unless
//! another one was heard a moment ago that says it is there.

use super::check::{self, invalid};
use super::fresh_id::fresh_id;
use super::report::merge;
use crate::core::draft::Draft;
use crate::core::line::one_line;
use crate::core::{
    Availability, Change, Contact, Engine, EngineCondition, Kind, Monotonic, Node, NodeId, Now,
    Register, Rejection, State, Timestamp, transition,
};

/// In touch within so long, the worker that has the id is certainly alive.
const SURELY_ALIVE_MS: u64 = 10_000;
/// A node is written and shown as a whole each time anything about it changes.
const MOST_LABELS: usize = 64;
const LONGEST_LABEL_VALUE: usize = 4096;
/// When the worker does not say: the Go project's default.
const HEARTBEAT_INTERVAL_MS: u64 = 30_000;
/// More is no interval but a mistake.
const LONGEST_INTERVAL_MS: u64 = 86_400_000;

/// Makes the node or brings it up to date, merges what its worker says about its tasks, and takes
/// back what no longer fits.
pub fn register(state: &State, command: &Register, now: Now) -> Result<Vec<Change>, Rejection> {
    check(command)?;
    let known = state.registrant(&command.registrant());
    if let Some(known) = known {
        check_not_taken(state, known, command, now)?;
    }
    let id = known
        .map(|known| known.id.clone())
        .or_else(|| command.node.clone())
        .unwrap_or_else(|| fresh_id(now, |id| state.node(&NodeId::from(id)).is_some()).into());

    check_address_free(state, command, &id, now)?;
    let mut draft = Draft::new(state, now);
    supersede(&mut draft, command, &id);
    // First what becomes of its tasks, then the node: so that invariant 2 holds after each change.
    for report in command.tasks.iter().flatten() {
        merge(&mut draft, report, Some(&id));
    }
    if known.is_some_and(|known| has_lost_all(known, command)) {
        let why = format!("node {id} lost what it ran: its worker was started again");
        for task in draft.active_on(&id) {
            transition::evict(&mut draft, &task, &why);
        }
    }
    transition::shed(&mut draft, &id, &command.capacity);
    match known {
        None => {
            let address = address(&command.hostname, command.port);
            let mut node = new_node(command, id, now);
            node.registered_at = node.registered_at.max(after_all(state));
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
        let problem = "is required, and must be between 1 and 65535";
        return Err(invalid("port", problem));
    }
    if command.heartbeat_interval_ms == Some(0) {
        return Err(invalid("heartbeatIntervalMs", "must be at least 1"));
    }
    if command.heartbeat_interval_ms > Some(LONGEST_INTERVAL_MS) {
        let allowed = format!("must be at most {LONGEST_INTERVAL_MS} (a day)");
        return Err(invalid("heartbeatIntervalMs", allowed));
    }
    if command.labels.len() > MOST_LABELS {
        let allowed = format!("must be at most {MOST_LABELS}");
        return Err(invalid("labels", allowed));
    }
    let long = |(_, value): &(&String, &String)| value.len() > LONGEST_LABEL_VALUE;
    if let Some((key, _)) = command.labels.iter().find(long) {
        let allowed = format!("must have at most {LONGEST_LABEL_VALUE} bytes");
        return Err(invalid(format!("labels[{key:?}]"), allowed));
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
    let in_touch = in_touch(state, known, now, |contact| {
        contact.heard_at.max(contact.answered_at)
    });
    // Two hosts may call themselves alike (`localhost`), two engines don't.
    let engine = command.engine.as_ref().map_or("", |engine| &engine.id);
    let another = moved || known.is_another_engine(engine);
    if another && in_touch && known.availability == Availability::Online {
        return Err(Rejection::NodeIdTaken {
            node: known.id.clone(),
            address: address(&known.hostname, known.port),
        });
    }
    Ok(())
}

/// Two live workers must not share an address either: probes of one would find the other, and each
/// would take the tasks from the other with every registration. Only what a worker itself says
/// shows that it is alive: who answers there may be the one that registers now.
fn check_address_free(
    state: &State,
    command: &Register,
    id: &NodeId,
    now: Now,
) -> Result<(), Rejection> {
    let there = state.node_at(&command.hostname, command.port);
    let other = there.filter(|node| node.id != *id && node.availability == Availability::Online);
    match other.filter(|node| in_touch(state, node, now, |contact| contact.heard_at)) {
        Some(other) => Err(Rejection::AddressTaken {
            node: other.id.clone(),
            address: address(&other.hostname, other.port),
        }),
        None => Ok(()),
    }
}

fn in_touch(state: &State, node: &Node, now: Now, last: fn(&Contact) -> Monotonic) -> bool {
    let contact = state.last_contact(&node.id);
    contact.is_some_and(|contact| now.mono.since_ms(last(&contact)) < SURELY_ALIVE_MS)
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

/// Whether the worker says so by registering: one of the Go project registers when it starts, keeps
/// nothing from before, and never says what it has. (While it was away nobody took its tasks from
/// it, if that was shorter than the node timeout.)
fn has_lost_all(known: &Node, command: &Register) -> bool {
    known.availability == Availability::Online
        && command.version.is_none()
        && command.tasks.is_none()
}

/// After every node that is there: their list is in this order, also when the clock was set back.
fn after_all(state: &State) -> Timestamp {
    let last = state.nodes().map(|node| node.registered_at).max();
    last.map_or(Timestamp(i64::MIN), |last| last.plus_ms(1))
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
        engine: command.engine.as_ref().map(in_lines),
        version: command.version.as_deref().map(line),
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
        engine: command
            .engine
            .as_ref()
            .map(in_lines)
            .or_else(|| known.engine.clone()),
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

fn in_lines(engine: &Engine) -> Engine {
    Engine {
        name: line(&engine.name),
        version: line(&engine.version),
        os: line(&engine.os),
        arch: line(&engine.arch),
        id: line(&engine.id),
    }
}

fn line(text: &str) -> String {
    one_line(text).into_owned()
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
