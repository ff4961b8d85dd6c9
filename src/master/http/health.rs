//! The process: does it live, is it ready, what is it, and its figures.

use actix_web::HttpResponse;
use actix_web::http::header::RETRY_AFTER;

use super::error::Refused;
use super::{Data, Error};
use crate::wire;

/// Whether the process lives. Takes no lock and touches no store.
#[utoipa::path(
    get,
    path = "/health",
    tag = "process",
    responses((status = 200, description = "It lives", body = wire::Health)),
)]
pub async fn health() -> HttpResponse {
    HttpResponse::Ok().json(wire::Health {
        status: "ok".into(),
        service: "podling-master".into(),
        node_id: None,
        engine_id: None,
    })
}

/// Whether it can do its work, and if not, what is missing.
#[utoipa::path(
    get,
    path = "/ready",
    tag = "process",
    responses(
        (status = 200, description = "Ready", body = wire::Ready),
        (status = 503, description = "Not ready: says what is missing", body = wire::Ready),
    ),
)]
pub async fn ready(shared: Data) -> HttpResponse {
    let mut missing = vec![];
    if let Some(why) = &*shared.trouble.borrow() {
        missing.push(format!("store: {why}"));
    }
    if let Some(brake) = shared.cluster.read(|state| state.brake().cloned()) {
        missing.push(format!(
            "brake: {} nodes fell silent at once, nothing is moved until most are heard again \
             or `podling release-brake`",
            brake.nodes.len()
        ));
    }
    if shared.stop.is_cancelled() {
        missing.push("shutting down".into());
    }
    if missing.is_empty() {
        return HttpResponse::Ok().json(wire::Ready {
            status: "ready".into(),
            missing,
        });
    }
    HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, "1"))
        .json(wire::Ready {
            status: "not ready".into(),
            missing,
        })
}

/// What it is.
#[utoipa::path(
    get,
    path = "/version",
    tag = "process",
    responses((status = 200, description = "Versions", body = wire::Version)),
)]
pub async fn version() -> HttpResponse {
    HttpResponse::Ok().json(crate::version::version())
}

/// Figures for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "process",
    responses(
        (
            status = 200,
            description = "OpenMetrics text",
            content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
            body = String,
        ),
        Refused,
    ),
)]
pub async fn metrics(shared: Data) -> Result<HttpResponse, Error> {
    let text = shared.metrics.render(&shared.cluster);
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(text.map_err(|_| Error::Internal("the metrics can't be written"))?))
}
