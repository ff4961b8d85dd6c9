//! What workers send: registration, heartbeat, sign-off. See [`crate::master::api`].

use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::ToSchema;

use super::super::error::Refused;
use super::super::{Anything, Data, Error};
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

/// What is answered to a heartbeat: the node with what its worker is to know, or only this.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum BeatAnswer {
    Whole(Box<wire::HeartbeatAnswer>),
    Short(wire::Instructions),
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
        (status = 200, description = "The node, and what differs", body = BeatAnswer),
        Refused,
    ),
)]
pub async fn heartbeat(
    shared: Data,
    PathId(id): PathId,
    request: HttpRequest,
    body: LargeBody<wire::Heartbeat>,
) -> Result<HttpResponse, Error> {
    let instructions = api::heartbeat(&shared.cluster, &id, body.0).await?;
    let mut answer = HttpResponse::Ok();
    if prefers_minimal(&request) {
        return Ok(answer.json(instructions));
    }
    let node = api::node(&shared.cluster, &id)?;
    Ok(answer.json(wire::HeartbeatAnswer { node, instructions }))
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
