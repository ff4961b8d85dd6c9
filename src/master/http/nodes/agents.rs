//! What workers send: registration, heartbeat, sign-off. See [`crate::master::api`].

use actix_web::{HttpRequest, HttpResponse, web};

use super::super::error::Refused;
use super::super::{Anything, Data, Error};
use crate::core::NodeId;
use crate::http::{Body, LargeBody, PathId, prefers_minimal};
use crate::master::api;
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
    let (new, answer) = api::register(&shared.cluster, body.0).await?;
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
    params(
        ("id" = String, Path, description = "The node's id"),
        (
            "Prefer" = Option<String>, Header,
            description = "`return=minimal`, and nothing else: the node itself is not wanted",
        ),
    ),
    request_body = Option<wire::Heartbeat>,
    responses(
        (
            status = 200,
            description = "The node, and what differs; with `return=minimal` only `clusterId`, `nodeTimeoutMs`, `run` and `stop`",
            body = wire::HeartbeatAnswer,
        ),
        Refused,
    ),
)]
pub async fn heartbeat(
    shared: Data,
    PathId(node): PathId<NodeId>,
    request: HttpRequest,
    body: LargeBody<wire::Heartbeat>,
) -> Result<HttpResponse, Error> {
    let with_node = !prefers_minimal(&request);
    let answer = api::heartbeat(&shared.cluster, node, body.0, with_node).await?;
    Ok(match answer {
        (instructions, None) => HttpResponse::Ok().json(instructions),
        (instructions, Some(node)) => {
            HttpResponse::Ok().json(wire::HeartbeatAnswer { node, instructions })
        }
    })
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
    Ok(HttpResponse::Ok().json(api::deregister(&shared.cluster, &id).await?))
}
