//! The cluster as a whole: prune, and the brake.

use actix_web::HttpResponse;

use super::error::Refused;
use super::{Anything, Data, Error, Nothing};
use crate::core::decide::PRUNE_LIMIT;
use crate::core::{Change, Command, Write};
use crate::http::Body;
use crate::wire;

/// Forgets all ended tasks (their containers go too) and all offline nodes.
#[utoipa::path(
    post,
    path = "/api/v1/prune",
    tag = "cluster",
    responses((status = 200, description = "How many went", body = wire::Pruned), Refused),
)]
pub async fn prune(shared: Data, _: Body<Anything>) -> Result<HttpResponse, Error> {
    let mut pruned = wire::Pruned::default();
    // A round that is not full has left nothing: what ends from then on is not this request's.
    loop {
        let removed = shared
            .cluster
            .mutate(Command::Prune, |_, changes| {
                count(&mut pruned, changes);
                changes.len()
            })
            .await?;
        if removed < PRUNE_LIMIT {
            return Ok(HttpResponse::Ok().json(pruned));
        }
    }
}

fn count(pruned: &mut wire::Pruned, changes: &[Change]) {
    for change in changes {
        match change.write {
            Write::RemoveTask(_) => pruned.tasks_removed += 1,
            Write::RemoveNode(_) => pruned.nodes_removed += 1,
            Write::PutTask(_) | Write::PutNode(_) | Write::SetBrake(_) => {}
        }
    }
}

/// Overrides the mass-failure brake: the silent nodes count as offline, their tasks are moved.
#[utoipa::path(
    post,
    path = "/api/v1/brake/release",
    tag = "cluster",
    responses((status = 200, description = "Released, or not engaged", body = wire::Message), Refused),
)]
pub async fn release_brake(shared: Data, _: Body<Nothing>) -> Result<HttpResponse, Error> {
    let released = shared
        .cluster
        .mutate(Command::ReleaseBrake, |_, changes| !changes.is_empty())
        .await?;
    let message = if released {
        "the brake is released: the silent nodes count as offline"
    } else {
        "the brake is not engaged: nothing to release"
    };
    Ok(HttpResponse::Ok().json(wire::Message {
        message: message.into(),
    }))
}
