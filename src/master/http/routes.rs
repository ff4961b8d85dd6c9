//! Every path and method of the master, in one table: what is not here is not answered.

use actix_web::dev::HttpServiceFactory;
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Responder, Route, web};

use super::observe::RouteName;
use super::{administration, events, health, logs, nodes, openapi, tasks};
use crate::http::{not_found, resource, shortcut};

type Methods = Vec<(Method, Route)>;

/// Each path with its methods. They are tried one after another, and those with an `{id}` are patterns, which
/// takes long: so they come last, and what comes most often has a shortcut.
pub fn routes() -> Vec<(&'static str, Methods)> {
    vec![
        ("/api/v1/tasks", vec![get(tasks::list), post(tasks::submit)]),
        ("/health", vec![get(health::health)]),
        ("/ready", vec![get(health::ready)]),
        ("/version", vec![get(health::version)]),
        ("/metrics", vec![get(health::metrics)]),
        ("/api/v1/nodes", vec![get(nodes::list)]),
        ("/api/v1/nodes/register", vec![post(nodes::register)]),
        ("/api/v1/prune", vec![post(administration::prune)]),
        (
            "/api/v1/brake/release",
            vec![post(administration::release_brake)],
        ),
        ("/api/v1/events", vec![get(events::events)]),
        ("/api-docs/openapi.json", vec![get(openapi::json)]),
        ("/api/v1/nodes/{id}/heartbeat", vec![post(nodes::heartbeat)]),
        ("/api/v1/tasks/{id}/status", vec![put(tasks::report)]),
        (
            "/api/v1/tasks/{id}",
            vec![get(tasks::get), delete(tasks::remove)],
        ),
        ("/api/v1/tasks/{id}/stop", vec![post(tasks::stop)]),
        ("/api/v1/tasks/{id}/events", vec![get(tasks::events)]),
        ("/api/v1/tasks/{id}/logs", vec![get(logs::logs)]),
        ("/api/v1/tasks/{id}/pull", vec![get(logs::pull)]),
        (
            "/api/v1/nodes/{id}",
            vec![get(nodes::get), delete(nodes::forget)],
        ),
        (
            "/api/v1/nodes/{id}/deregister",
            vec![post(nodes::deregister)],
        ),
        ("/api/v1/nodes/{id}/drain", vec![post(nodes::drain)]),
        ("/api/v1/nodes/{id}/uncordon", vec![post(nodes::uncordon)]),
    ]
}

/// Those of them that thousands of workers ask for.
const SHORTCUTS: [&str; 2] = ["/api/v1/nodes/{id}/heartbeat", "/api/v1/tasks/{id}/status"];

/// Adds all of it to an application.
pub fn configure(app: &mut web::ServiceConfig) {
    let often = |(path, _): &(&str, Methods)| SHORTCUTS.contains(path);
    for (path, methods) in routes().into_iter().filter(often) {
        for (method, route) in methods {
            app.service(shortcut(path, method, route).app_data(RouteName(path)));
        }
    }
    for (path, methods) in routes() {
        app.service(named(path, methods));
    }
    app.service(openapi::redirect());
    app.service(openapi::page());
    app.default_service(web::to(not_found));
}

fn named(path: &'static str, methods: Methods) -> impl HttpServiceFactory {
    resource(path, methods).app_data(RouteName(path))
}

fn get<F: Handler<A>, A: FromRequest + 'static>(handler: F) -> (Method, Route)
where
    F::Output: Responder + 'static,
{
    (Method::GET, web::to(handler))
}

fn post<F: Handler<A>, A: FromRequest + 'static>(handler: F) -> (Method, Route)
where
    F::Output: Responder + 'static,
{
    (Method::POST, web::to(handler))
}

fn put<F: Handler<A>, A: FromRequest + 'static>(handler: F) -> (Method, Route)
where
    F::Output: Responder + 'static,
{
    (Method::PUT, web::to(handler))
}

fn delete<F: Handler<A>, A: FromRequest + 'static>(handler: F) -> (Method, Route)
where
    F::Output: Responder + 'static,
{
    (Method::DELETE, web::to(handler))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortcuts_are_paths_with_one_id() {
        let paths: Vec<_> = routes().into_iter().map(|(path, _)| path).collect();
        for path in SHORTCUTS {
            assert!(paths.contains(&path), "{path}");
            assert_eq!(path.matches("{id}").count(), 1, "{path}");
        }
    }
}
