//! What workers send: registration, heartbeat, sign-off.
//!
//! The answer to the first two says what differs between what the worker runs and what it should
//! run: any message that was lost before heals here.

use actix_web::{HttpResponse, web};

use super::super::error::Refused;
use super::super::{Anything, Data, Error};
use super::shown;
use crate::core::reconcile::differences;
use crate::core::{Command, Deregister, Kind, NodeId, Report, State};
use crate::http::{Body, LargeBody};
use crate::master::convert;
use crate::wire;

/// A worker begins, or begins again: known by its id, else by hostname and port.
#[utoipa::path(
    post,
    path = "/api/v1/nodes/register",
    tag = "nodes",
    request_body = wire::Register,
    responses(
        (status = 201, description = "A new node", body = wire::HeartbeatAnswer),
        (status = 200, description = "A known node", body = wire::HeartbeatAnswer),
        Refused,
    ),
)]
pub async fn register(
    shared: Data,
    body: LargeBody<wire::Register>,
) -> Result<HttpResponse, Error> {
    let register = convert::register(body.0)?;
    let tasks = register.tasks.clone();
    let (hostname, port) = (register.hostname.clone(), register.port);
    let (new, answer) = shared
        .cluster
        .mutate(Command::Register(register), |state, changes| {
            let new = changes.iter().any(|c| c.event.kind == Kind::NodeRegistered);
            let id = state.node_at(&hostname, port).map(|node| node.id.clone());
            (new, id.and_then(|id| answer(state, &id, tasks.as_deref())))
        })
        .await?;
    let answer = answer.ok_or_else(|| Error::NoNode(NodeId::from(hostname)))?;
    Ok(match new {
        true => HttpResponse::Created().json(answer),
        false => HttpResponse::Ok().json(answer),
    })
}

/// A worker lives, and says what it runs. 404 means: register again.
#[utoipa::path(
    post,
    path = "/api/v1/nodes/{id}/heartbeat",
    tag = "nodes",
    params(("id" = String, Path, description = "The node's id")),
    request_body = Option<wire::Heartbeat>,
    responses(
        (status = 200, description = "The node, and what differs", body = wire::HeartbeatAnswer),
        Refused,
    ),
)]
pub async fn heartbeat(
    shared: Data,
    id: web::Path<String>,
    body: LargeBody<wire::Heartbeat>,
) -> Result<HttpResponse, Error> {
    let beat = convert::heartbeat(&id, body.0)?;
    let (node, tasks) = (beat.node.clone(), beat.tasks.clone());
    // What is sent to a worker has to be durable: `mutate` waits for everything decided before.
    let answer = shared
        .cluster
        .mutate(Command::Heartbeat(beat), |state, _| {
            answer(state, &node, tasks.as_deref())
        })
        .await?;
    let answer = answer.ok_or(Error::NoNode(node))?;
    Ok(HttpResponse::Ok().json(answer))
}

/// A worker signs off.
#[utoipa::path(
    post,
    path = "/api/v1/nodes/{id}/deregister",
    tag = "nodes",
    params(("id" = String, Path, description = "The node's id")),
    responses((status = 200, description = "Signed off", body = wire::Message), Refused),
)]
pub async fn deregister(
    shared: Data,
    id: web::Path<String>,
    _: Body<Anything>,
) -> Result<HttpResponse, Error> {
    let node = NodeId::from(id.into_inner());
    let message = format!("node {node} signed off");
    let command = Command::Deregister(Deregister { node });
    shared.cluster.mutate(command, |_, _| ()).await?;
    Ok(HttpResponse::Ok().json(wire::Message { message }))
}

fn answer(
    state: &State,
    node: &NodeId,
    reported: Option<&[Report]>,
) -> Option<wire::HeartbeatAnswer> {
    let differences = differences(state, node, reported);
    Some(wire::HeartbeatAnswer {
        node: shown(state, node)?,
        run: differences
            .run
            .iter()
            .map(|task| convert::task(task))
            .collect(),
        stop: differences.stop.iter().map(convert::stop_order).collect(),
    })
}
