//! What workers send (registration, heartbeat, sign-off), and drains.
//!
//! The answer to the first two says what differs between what the worker runs and what it should
//! run: any message that was lost before heals here.

use super::Error;
use crate::core::reconcile::differences;
use crate::core::{Change, Command, Deregister, Drain, Kind, NodeId, Report, State};
use crate::master::cluster::Cluster;
use crate::master::convert;
use crate::wire;

/// What still runs is moved after so many seconds when nothing is said.
const DRAIN_SECONDS: u64 = 3600;

/// A worker begins, or begins again: known by its id, else by hostname and port. Says whether the
/// node is new.
pub async fn register(
    cluster: &Cluster,
    body: wire::Register,
) -> Result<(bool, wire::HeartbeatAnswer), Error> {
    let register = convert::register(body)?;
    let tasks = register.tasks.clone();
    let registrant = register.registrant();
    let (new, answer) = cluster
        .mutate(Command::Register(register), |state, changes| {
            let new = changes.iter().any(|c| c.event.kind == Kind::NodeRegistered);
            let node = state.registrant(&registrant);
            (
                new,
                node.map(|node| wire::HeartbeatAnswer {
                    node: convert::node(state, node),
                    instructions: instructions(cluster.id(), state, &node.id, tasks.as_deref()),
                }),
            )
        })
        .await?;
    let answer = answer.ok_or(Error::Internal("a node that registered is not there"))?;
    Ok((new, answer))
}

/// A worker lives, and says what it runs. Gives also the node, when `with_node` says so.
pub async fn heartbeat(
    cluster: &Cluster,
    node: NodeId,
    body: wire::Heartbeat,
    with_node: bool,
) -> Result<(wire::Instructions, Option<wire::Node>), Error> {
    let beat = convert::heartbeat(node.clone(), body)?;
    let tasks = beat.tasks.clone();
    // What is sent to a worker has to be durable: `mutate` waits for everything decided before.
    let answer = cluster
        .mutate(Command::Heartbeat(beat), |state, _| {
            let instructions = instructions(cluster.id(), state, &node, tasks.as_deref());
            let node = with_node.then(|| shown(state, &node)).flatten();
            (instructions, node)
        })
        .await?;
    let (instructions, _) = &answer;
    // A master that was replaced and does not know it yet could have stopped what its successor
    // placed.
    if !(instructions.run.is_empty() && instructions.stop.is_empty()) {
        cluster.still_leads().await?;
    }
    Ok(answer)
}

/// A worker signs off.
pub async fn deregister(cluster: &Cluster, id: &str) -> Result<wire::Message, Error> {
    let node = NodeId::from(id);
    let message = format!("node {node} signed off");
    let command = Command::Deregister(Deregister { node });
    cluster.mutate(command, |_, _| ()).await?;
    Ok(wire::Message { message })
}

/// A node gets nothing new, and what still runs at the deadline is moved.
pub async fn drain(cluster: &Cluster, id: &str, body: wire::Drain) -> Result<wire::Node, Error> {
    let node = NodeId::from(id);
    let command = Command::Drain(Drain {
        node: node.clone(),
        deadline_seconds: body.deadline_seconds.unwrap_or(DRAIN_SECONDS),
        by_worker: body.by_worker,
    });
    carry_out(cluster, node, command).await
}

/// A node takes tasks again.
pub async fn uncordon(cluster: &Cluster, id: &str) -> Result<wire::Node, Error> {
    let node = NodeId::from(id);
    carry_out(cluster, node.clone(), Command::Uncordon(node)).await
}

/// Carries out a command about a node, and gives the node as it is then.
async fn carry_out(cluster: &Cluster, id: NodeId, command: Command) -> Result<wire::Node, Error> {
    let read = |state: &State, _: &[Change]| shown(state, &id);
    let node = cluster.mutate(command, read).await?;
    node.ok_or(Error::NoNode(id))
}

pub(in crate::master) fn shown(state: &State, id: &NodeId) -> Option<wire::Node> {
    Some(convert::node(state, state.node(id)?))
}

fn instructions(
    cluster_id: &str,
    state: &State,
    node: &NodeId,
    reported: Option<&[Report]>,
) -> wire::Instructions {
    let differences = differences(state, node, reported);
    wire::Instructions {
        cluster_id: Some(cluster_id).filter(|id| !id.is_empty()).map(Into::into),
        node_timeout_ms: Some(state.policy().node_timeout_ms),
        run: differences
            .run
            .iter()
            .map(|task| convert::ordered(task, cluster_id))
            .collect(),
        stop: differences.stop.iter().map(convert::stop_order).collect(),
    }
}
