//! `GET /api/v1/nodes`: in the order of their first registration.

use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::error::Refused;
use super::super::tasks::{NEXT_CURSOR, limit};
use super::super::{Data, Error};
use crate::http::Query;
use crate::master::convert;
use crate::wire;

/// The query of a list of nodes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
pub struct ListNodes {
    /// At most so many; without it, all.
    limit: Option<usize>,
    /// Where to go on: the cursor an earlier answer gave.
    cursor: Option<String>,
}

/// Nodes in the order of their first registration.
#[utoipa::path(
    get,
    path = "/api/v1/nodes",
    tag = "nodes",
    params(ListNodes),
    responses(
        (
            status = 200,
            description = "The nodes",
            body = Vec<wire::Node>,
            headers(("Podling-Next-Cursor" = String, description = "When there are more")),
        ),
        Refused,
    ),
)]
pub async fn list(shared: Data, query: Query<ListNodes>) -> Result<HttpResponse, Error> {
    let limit = limit(query.0.limit)?;
    let after = query.0.cursor.as_deref().map(place).transpose()?;
    let (page, next) = shared.cluster.read(|state| {
        let mut nodes: Vec<_> = state.nodes().collect();
        nodes.sort_by_key(|node| (node.registered_at, &node.id));
        if let Some((at, id)) = after {
            nodes.retain(|node| (node.registered_at.0, node.id.as_str()) > (at, id));
        }
        let page = &nodes[..limit.min(nodes.len())];
        let next = page.last().filter(|_| page.len() < nodes.len());
        let next = next.map(|node| format!("{}.{}", node.registered_at.0, node.id));
        let page: Vec<_> = page.iter().map(|node| convert::node(state, node)).collect();
        (page, next)
    });
    let mut answer = HttpResponse::Ok();
    if let Some(next) = next {
        answer.insert_header((NEXT_CURSOR, next));
    }
    Ok(answer.json(page))
}

/// The place in the list a cursor names: when the node before it registered, and its id.
fn place(cursor: &str) -> Result<(i64, &str), Error> {
    let parts = cursor.split_once('.');
    let parsed = parts.and_then(|(at, id)| Some((at.parse().ok()?, id)));
    parsed.ok_or_else(|| {
        Error::Malformed("cursor: has to be what an earlier answer gave in its header".into())
    })
}
