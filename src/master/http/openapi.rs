//! The API's document (OpenAPI 3.1), made from the handlers, and a page to try it.
//!
//! Every file of the page is part of the executable: nothing is fetched from elsewhere. A test
//! checks that the document and the table of routes name the same paths and methods.

use std::sync::LazyLock;

use actix_web::http::header::{ContentType, LOCATION};
use actix_web::{HttpResponse, Resource, web};
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{administration, events, health, logs, nodes, tasks};
use crate::wire;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "podling master",
        description = "The control plane of podling, a container orchestrator in one small binary.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "tasks", description = "What is to run, and what became of it"),
        (name = "nodes", description = "Where it runs"),
        (name = "cluster", description = "All of it together"),
        (name = "process", description = "The master itself"),
    ),
    components(schemas(wire::ErrorBody)),
    paths(
        health::health, health::ready, health::version, health::metrics,
        tasks::list, tasks::submit, tasks::get, tasks::remove, tasks::report, tasks::stop,
        tasks::events, logs::logs, logs::pull,
        nodes::list, nodes::register, nodes::get, nodes::forget, nodes::heartbeat,
        nodes::deregister, nodes::drain, nodes::uncordon,
        administration::prune, administration::release_brake, events::events, json,
    ),
)]
struct Document;

/// The API's document.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

static JSON: LazyLock<String> = LazyLock::new(|| document().to_json().unwrap_or_default());

/// This document.
#[utoipa::path(
    get,
    path = "/api-docs/openapi.json",
    tag = "process",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json")),
)]
pub async fn json() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(JSON.as_str())
}

/// The page.
pub fn page() -> SwaggerUi {
    // Without a validator: the page would send the document's address to swagger.io.
    let config = Config::from("/api-docs/openapi.json").validator_url("none");
    SwaggerUi::new("/api-docs/{_:.*}").config(config)
}

/// Who leaves the last `/` out means the page.
pub fn redirect() -> Resource {
    web::resource("/api-docs").to(|| async {
        HttpResponse::PermanentRedirect()
            .insert_header((LOCATION, "/api-docs/"))
            .finish()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_documented_as_it_is() {
        let document = serde_json::to_value(document()).unwrap();
        for (schema, expected) in [
            ("SubmitTask", &["image", "name"][..]),
            ("Register", &["hostname", "port"]),
            ("Report", &["status"]),
        ] {
            let pointer = format!("/components/schemas/{schema}/required");
            let required = document.pointer(&pointer).and_then(|r| r.as_array());
            let mut required: Vec<_> = required
                .unwrap()
                .iter()
                .filter_map(|r| r.as_str())
                .collect();
            required.sort_unstable();
            assert_eq!(required, expected, "{schema}");
        }
        for path in [
            "nodes/{id}/heartbeat",
            "nodes/{id}/drain",
            "tasks/{id}/stop",
        ] {
            let body = &document["paths"][format!("/api/v1/{path}")]["post"]["requestBody"];
            assert!(body["content"].is_object(), "{path}");
            assert_ne!(body["required"], true, "{path}");
        }
    }
}
