//! Paths and methods: what is answered where nothing is to be found.

use actix_web::http::header::Allow;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, Resource, ResponseError, Route, guard, web};

use super::Refusal;

/// A path with one route for each of its methods; any other method is answered 405, with `Allow`.
/// HEAD is answered where GET is.
///
/// All methods of a path belong in one call: a second resource of the same path is never reached.
pub fn resource(path: &str, routes: impl IntoIterator<Item = (Method, Route)>) -> Resource {
    let mut allowed = vec![];
    let mut resource = web::resource(path);
    for (method, route) in routes {
        allowed.push(method.clone());
        resource = resource.route(match method {
            // The server itself leaves the body out.
            Method::GET => route.guard(guard::Any(guard::Get()).or(guard::Head())),
            method => route.method(method),
        });
    }
    resource.default_service(web::to(move |request: HttpRequest| {
        let answer = method_not_allowed(&request, &allowed);
        async move { answer }
    }))
}

/// The answer to a path that does not exist: `App::default_service(web::to(http::not_found))`.
pub async fn not_found(request: HttpRequest) -> HttpResponse {
    Refusal::not_found(format!("there is no {}", request.path()))
        .with_message("Not Found")
        .error_response()
}

fn method_not_allowed(request: &HttpRequest, allowed: &[Method]) -> HttpResponse {
    let names: Vec<&str> = allowed.iter().map(Method::as_str).collect();
    let refusal = Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!(
            "{} is not possible on {}, only {}",
            request.method(),
            request.path(),
            names.join(", ")
        ),
    );
    let mut answer = refusal.error_response();
    if let Ok((name, value)) =
        actix_web::http::header::TryIntoHeaderPair::try_into_pair(Allow(allowed.to_vec()))
    {
        answer.headers_mut().insert(name, value);
    }
    answer
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::ALLOW;
    use actix_web::{App, test};

    use super::*;
    use crate::http::{BODY_LIMIT_BYTES, Body, Query};
    use crate::wire::{ErrorBody, LogQuery, Stop};

    async fn echo(stop: Body<Stop>) -> HttpResponse {
        HttpResponse::Ok().json(stop.0)
    }

    async fn list(query: Query<LogQuery>) -> HttpResponse {
        HttpResponse::Ok().json(query.0.tail)
    }

    async fn answer(request: test::TestRequest) -> (u16, Option<String>, ErrorBody) {
        let app = test::init_service(
            App::new()
                .service(resource(
                    "/stop",
                    [(Method::POST, web::to(echo)), (Method::GET, web::to(list))],
                ))
                .default_service(web::to(not_found)),
        )
        .await;
        let response = test::call_service(&app, request.to_request()).await;
        let status = response.status().as_u16();
        let allow = response
            .headers()
            .get(ALLOW)
            .map(|v| v.to_str().unwrap().to_owned());
        let body = test::read_body(response).await;
        let body = serde_json::from_slice(&body).unwrap_or(ErrorBody {
            error: String::from_utf8_lossy(&body).into_owned(),
            code: String::new(),
            message: None,
        });
        (status, allow, body)
    }

    #[actix_web::test]
    async fn an_unknown_path_is_404_with_the_message_go_clients_print() {
        let (status, _, body) = answer(test::TestRequest::get().uri("/nowhere")).await;
        assert_eq!((status, body.code.as_str()), (404, "not_found"));
        assert_eq!(body.message.as_deref(), Some("Not Found"));
        assert_eq!(body.error, "there is no /nowhere");
    }

    #[actix_web::test]
    async fn a_wrong_method_is_405_and_names_the_right_ones() {
        let (status, allow, body) = answer(test::TestRequest::put().uri("/stop")).await;
        assert_eq!((status, body.code.as_str()), (405, "method_not_allowed"));
        assert_eq!(allow.as_deref(), Some("POST, GET"));
    }

    #[actix_web::test]
    async fn head_is_answered_like_get() {
        let head = || test::TestRequest::default().method(Method::HEAD);
        assert_eq!(answer(head().uri("/stop?tail=1")).await.0, 200);
        assert_eq!(answer(head().uri("/stop?nonsense=1")).await.0, 400);
        assert_eq!(answer(head().uri("/nowhere")).await.0, 404);
    }

    #[actix_web::test]
    async fn an_absent_body_is_an_empty_object() {
        let (status, ..) = answer(test::TestRequest::post().uri("/stop")).await;
        assert_eq!(status, 200);
    }

    #[actix_web::test]
    async fn a_body_without_its_content_type_is_415() {
        let request = test::TestRequest::post().uri("/stop").set_payload("{}");
        let (status, _, body) = answer(request).await;
        assert_eq!(
            (status, body.code.as_str()),
            (415, "unsupported_media_type")
        );
    }

    #[actix_web::test]
    async fn a_body_over_the_limit_is_413() {
        let request = test::TestRequest::post()
            .uri("/stop")
            .insert_header(("content-type", "application/json"))
            .set_payload(vec![b' '; BODY_LIMIT_BYTES + 1]);
        let (status, _, body) = answer(request).await;
        assert_eq!((status, body.code.as_str()), (413, "body_too_long"));
    }

    #[actix_web::test]
    async fn a_malformed_body_or_query_is_400_and_named() {
        let request = test::TestRequest::post()
            .uri("/stop")
            .insert_header(("content-type", "application/json; charset=utf-8"))
            .set_payload(r#"{"gracePeriodSeconds":"x"}"#);
        let (status, _, body) = answer(request).await;
        assert_eq!((status, body.code.as_str()), (400, "invalid"));
        assert!(body.error.contains("gracePeriodSeconds"), "{}", body.error);

        let request = test::TestRequest::get().uri("/stop?nonsense=1");
        let (status, _, body) = answer(request).await;
        assert_eq!((status, body.code.as_str()), (400, "invalid"));
        assert!(body.error.contains("nonsense"), "{}", body.error);
    }
}
