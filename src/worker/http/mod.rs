//! The worker's HTTP server: the endpoints of `WIRE.md`, "Worker".
//!
//! Handlers only note orders and read views: nothing here waits for the engine, except a removal
//! and the logs. One thread serves them all.

mod execute;
mod logs;
mod pull;
mod status;
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, Service};
use actix_web::http::Method;
use actix_web::{App, HttpServer, web};
use futures_util::future::{Either, ready};
use tokio_util::sync::CancellationToken;

use super::orders::{Orders, unknown_task};
use super::runner::Runner;
use crate::http::{Bound, Guard, MASTER_HEADER, not_found, resource};

/// Open requests get so long at the end; streams are ended by their token before.
const SHUTDOWN_SECONDS: u64 = 2;
/// Longer than clients keep idle connections, so that none sends into a closing one.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// What handlers work with.
#[derive(Clone)]
pub struct State {
    orders: Orders,
    /// Ends the streams.
    streams: CancellationToken,
    /// The worker's own runtime: what talks with the engine runs there, not on the server's.
    handle: tokio::runtime::Handle,
}

impl State {
    /// To be called on the worker's own runtime.
    pub fn new(orders: Orders, streams: CancellationToken) -> Self {
        Self {
            orders,
            streams,
            handle: tokio::runtime::Handle::current(),
        }
    }

    fn runner(&self) -> &Arc<Runner> {
        self.orders.runner()
    }
}

/// The server, listening and not yet running.
///
/// # Errors
/// The address can't be listened on.
pub fn server(state: State, bound: Bound) -> std::io::Result<Server> {
    let guard = Guard::of(bound.address().ip());
    let server = HttpServer::new(move || {
        let orders = state.orders.clone();
        App::new()
            .app_data(web::Data::new(state.clone()))
            .wrap_fn(move |request, service| {
                // A foreign page is not the master.
                if let Err(refusal) = guard.check(request.headers()) {
                    return Either::Right(ready(Err(refusal.into())));
                }
                // Nor is a health check on this host, which works also when the network does not.
                if request.headers().contains_key(MASTER_HEADER) {
                    orders.contacted();
                }
                Either::Left(service.call(request))
            })
            .configure(routes)
    });
    let server = server
        .workers(1)
        .disable_signals()
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .listen(bound.listen()?)?;
    Ok(server.run())
}

fn routes(config: &mut web::ServiceConfig) {
    let (get, post, delete) = (|| Method::GET, || Method::POST, || Method::DELETE);
    config
        .service(resource("/health", [(get(), web::to(status::health))]))
        .service(resource("/metrics", [(get(), web::to(status::metrics))]))
        .service(resource("/version", [(get(), web::to(status::version))]))
        .service(resource(
            "/api/v1/tasks/execute",
            [(post(), web::to(execute::batch))],
        ))
        .service(resource(
            "/api/v1/tasks/{id}/execute",
            [(post(), web::to(execute::one))],
        ))
        .service(resource(
            "/api/v1/tasks/{id}/stop",
            [(post(), web::to(tasks::stop))],
        ))
        .service(resource(
            "/api/v1/tasks/{id}/status",
            [(get(), web::to(tasks::status))],
        ))
        .service(resource(
            "/api/v1/tasks/{id}/logs",
            [(get(), web::to(logs::logs))],
        ))
        .service(resource(
            "/api/v1/tasks/{id}/pull",
            [(get(), web::to(pull::pull))],
        ))
        .service(resource(
            "/api/v1/tasks/{id}",
            [(delete(), web::to(tasks::remove))],
        ))
        .default_service(web::to(not_found));
}

#[cfg(test)]
mod tests;
