//! What the worker says about itself.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::State;
use crate::http::Refusal;
use crate::wire::Version;

/// `GET /health`
pub async fn health(state: State) -> HttpResponse {
    HttpResponse::Ok().json(state.orders.health())
}

/// `GET /version`
pub async fn version() -> HttpResponse {
    HttpResponse::Ok().json(Version {
        version: env!("CARGO_PKG_VERSION").into(),
        commit: option_env!("PODLING_COMMIT").unwrap_or("unknown").into(),
        build_date: option_env!("PODLING_BUILD_DATE")
            .unwrap_or("unknown")
            .into(),
        api_version: "v1".into(),
    })
}

/// `GET /metrics`
pub async fn metrics(state: State) -> Result<HttpResponse, Refusal> {
    let runner = state.runner();
    let text = runner.shared().metrics.render(runner);
    let text = text.map_err(|error| {
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            error.to_string(),
        )
    })?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(text))
}
