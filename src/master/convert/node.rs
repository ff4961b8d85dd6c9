//! Nodes: what registers, what beats, and how nodes are shown.

use super::submit::{cpu, memory};
use super::{said, task, time};
use crate::core::reconcile::StopOrder;
use crate::core::{self, Availability, EngineCondition, NodeId, Rejection, State};
use crate::wire;

/// A node as the API shows it, with what its tasks take of it.
pub fn node(state: &State, node: &core::Node) -> wire::Node {
    let usage = state.usage(&node.id);
    let used = usage.map_or_else(wire::Amounts::default, |usage| wire::Amounts {
        cpu: usage.cpu_millicores,
        memory: usage.memory_bytes,
    });
    let (condition, why) = condition(node);
    let offline = node.availability == Availability::Offline;
    let reason = if offline {
        Some(node.offline_reason.clone())
    } else {
        why
    };
    wire::Node {
        node_id: node.id.to_string(),
        hostname: node.hostname.clone(),
        port: node.port,
        status: match node.availability {
            Availability::Online => wire::NodeStatus::Online,
            Availability::Offline => wire::NodeStatus::Offline,
        },
        condition,
        reason: said(reason),
        capacity: node.capacity.slots,
        running_tasks: usage.map_or(0, |usage| usage.slots),
        labels: node.labels.clone(),
        resources: resources(&node.capacity, used),
        engine: node.engine.as_ref().map(|engine| wire::Engine {
            name: engine.name.clone(),
            version: engine.version.clone(),
            os: engine.os.clone(),
            arch: engine.arch.clone(),
            id: engine.id.clone(),
        }),
        version: node.version.clone(),
        registered_at: time(node.registered_at),
        last_heartbeat: time(
            state
                .contact(&node.id)
                .heard_wall()
                .unwrap_or(node.heard_at),
        ),
    }
}

fn condition(node: &core::Node) -> (wire::Condition, Option<String>) {
    if let Some(why) = &node.unreachable {
        (wire::Condition::Unreachable, Some(why.clone()))
    } else if let Some(why) = &node.degraded {
        (wire::Condition::Degraded, Some(why.clone()))
    } else if let Some(drain) = node.drain {
        let until = time(drain.deadline).strftime("%Y-%m-%dT%H:%M:%SZ");
        let why = format!("draining: what runs at {until} is moved");
        (wire::Condition::Draining, Some(why))
    } else {
        (wire::Condition::Ready, None)
    }
}

fn resources(capacity: &core::Capacity, used: wire::Amounts) -> wire::NodeResources {
    let known = capacity.cpu_millicores.is_some() || capacity.memory_bytes.is_some();
    let capacity = known.then_some(wire::KnownAmounts {
        cpu: capacity.cpu_millicores,
        memory: capacity.memory_bytes,
    });
    wire::NodeResources {
        capacity,
        allocatable: capacity.map(|capacity| wire::KnownAmounts {
            cpu: capacity.cpu.map(|cpu| cpu.saturating_sub(used.cpu)),
            memory: capacity
                .memory
                .map(|memory| memory.saturating_sub(used.memory)),
        }),
        used,
    }
}

/// A worker begins, or begins again.
///
/// # Errors
/// A quantity or a status that can't be read, by its field.
pub fn register(asked: wire::Register) -> Result<core::Register, Rejection> {
    let version = said(asked.version);
    // A Go worker that has cpu and memory sends its slots as 0: not said.
    let slots = asked.capacity.filter(|n| *n > 0 || version.is_some());
    Ok(core::Register {
        node: said(asked.node_id).map(NodeId::from),
        hostname: asked.hostname,
        port: asked.port,
        capacity: core::Capacity {
            slots,
            cpu_millicores: cpu("cpu", asked.cpu.as_ref())?,
            memory_bytes: memory("memory", asked.memory.as_ref())?,
        },
        labels: asked.labels.unwrap_or_default(),
        engine: asked.engine.map(|engine| core::Engine {
            name: engine.name,
            version: engine.version,
            os: engine.os,
            arch: engine.arch,
            id: engine.id,
        }),
        condition: match said(asked.degraded) {
            Some(why) => EngineCondition::Degraded(why),
            None if version.is_some() => EngineCondition::Ready,
            None => EngineCondition::Unsaid,
        },
        version,
        heartbeat_interval_ms: asked.heartbeat_interval_ms.filter(|ms| *ms > 0),
        tasks: reports(asked.tasks)?,
    })
}

/// A worker lives.
///
/// # Errors
/// A status that can't be read, by its field.
pub fn heartbeat(node: NodeId, beat: wire::Heartbeat) -> Result<core::Heartbeat, Rejection> {
    Ok(core::Heartbeat {
        node,
        tasks: reports(beat.tasks)?,
        engine: said(beat.engine_id),
        condition: match beat.condition {
            Some(wire::Condition::Degraded) => EngineCondition::Degraded(
                said(beat.reason).unwrap_or_else(|| "the worker gave no reason".into()),
            ),
            Some(wire::Condition::Ready) => EngineCondition::Ready,
            Some(wire::Condition::Draining) => EngineCondition::Closing,
            // Whether it is unreachable is the master's to say.
            Some(wire::Condition::Unreachable) | None => EngineCondition::Unsaid,
        },
    })
}

fn reports(tasks: Option<Vec<wire::TaskReport>>) -> Result<Option<Vec<core::Report>>, Rejection> {
    let convert = |(index, said): (usize, wire::TaskReport)| {
        task::report(
            said.task_id.into(),
            said.report,
            &format!("tasks[{index}]."),
        )
    };
    let tasks = tasks.map(|tasks| tasks.into_iter().enumerate().map(convert).collect());
    tasks.transpose()
}

/// What a worker is to stop.
pub fn stop_order(order: &StopOrder) -> wire::StopOrder {
    wire::StopOrder {
        task_id: order.task.to_string(),
        attempt: order.attempt,
        grace_period_seconds: order.grace_seconds,
        remove: order.remove,
    }
}
