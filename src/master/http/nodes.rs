//! Nodes, as people see and drain them.

mod agents;
mod list;

pub use agents::{
    __path_deregister, __path_heartbeat, __path_register, deregister, heartbeat, register,
};
pub use list::{__path_list, list};

use actix_web::{HttpResponse, web};

use super::error::Refused;
use super::{Data, Error, Nothing};
use crate::core::{Command, NodeId};
use crate::http::Body;
use crate::master::api;
use crate::wire;

/// One node.
#[utoipa::path(
    get,
    path = "/api/v1/nodes/{id}",
    tag = "nodes",
    params(("id" = String, Path, description = "The node's id")),
    responses((status = 200, description = "The node", body = wire::Node), Refused),
)]
pub async fn get(shared: Data, id: web::Path<String>) -> Result<HttpResponse, Error> {
    let id = NodeId::from(id.into_inner());
    let node = shared.cluster.read(|state| api::shown(state, &id));
    let node = node.ok_or(Error::NoNode(id))?;
    Ok(HttpResponse::Ok().json(node))
}

/// Forgets an offline node.
#[utoipa::path(
    delete,
    path = "/api/v1/nodes/{id}",
    tag = "nodes",
    params(("id" = String, Path, description = "The node's id")),
    responses((status = 200, description = "Forgotten", body = wire::Message), Refused),
)]
pub async fn forget(shared: Data, id: web::Path<String>) -> Result<HttpResponse, Error> {
    let id = NodeId::from(id.into_inner());
    let message = format!("node {id} is forgotten");
    shared
        .cluster
        .mutate(Command::Forget(id), |_, _| ())
        .await?;
    Ok(HttpResponse::Ok().json(wire::Message { message }))
}

/// Empties a node: it gets nothing new, and what still runs at the deadline is moved.
#[utoipa::path(
    post,
    path = "/api/v1/nodes/{id}/drain",
    tag = "nodes",
    params(("id" = String, Path, description = "The node's id")),
    request_body = Option<wire::Drain>,
    responses((status = 200, description = "The node", body = wire::Node), Refused),
)]
pub async fn drain(
    shared: Data,
    id: web::Path<String>,
    body: Body<wire::Drain>,
) -> Result<HttpResponse, Error> {
    let node = api::drain(&shared.cluster, &id, body.0).await?;
    Ok(HttpResponse::Ok().json(node))
}

/// Lets a node take tasks again.
#[utoipa::path(
    post,
    path = "/api/v1/nodes/{id}/uncordon",
    tag = "nodes",
    params(("id" = String, Path, description = "The node's id")),
    responses((status = 200, description = "The node", body = wire::Node), Refused),
)]
pub async fn uncordon(
    shared: Data,
    id: web::Path<String>,
    _: Body<Nothing>,
) -> Result<HttpResponse, Error> {
    let node = api::uncordon(&shared.cluster, &id).await?;
    Ok(HttpResponse::Ok().json(node))
}
