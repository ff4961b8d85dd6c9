//! The worker's HTTP server: the endpoints of `WIRE.md`, "Worker".
//!
//! Handlers only note orders and read views: nothing here waits for the engine, except a removal
//! and the logs. One thread serves them all.

mod execute;
mod logs;
mod pull;
mod status;
mod tasks;
mod whom;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use actix_web::dev::{Server, Service};
use actix_web::http::Method;
use actix_web::{App, HttpServer, web};
use futures_util::future::{Either, ready};
use tokio_util::sync::CancellationToken;

use super::orders::{Orders, unknown_task};
use super::runner::Runner;
use crate::http::{Bound, Guard, LEFT_TO_THE_KERNEL, MASTER_HEADER, not_found, resource};
pub use whom::Whom;

/// Open requests get so long at the end; streams are ended by their token before.
const SHUTDOWN_SECONDS: u64 = 2;

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

/// Where a server listens.
pub enum Place {
    /// At this address.
    Address(Bound),
    /// At all addresses of this machine's own that this was bound to.
    Loopback(TcpListener),
}

/// The server, listening and not yet running.
///
/// # Errors
/// The address can't be listened on.
pub fn server(whom: Whom, place: Place) -> std::io::Result<Server> {
    let (guarded, listener) = match place {
        Place::Address(bound) => (bound.address().ip(), bound.listen()?),
        Place::Loopback(listener) => (Ipv4Addr::LOCALHOST.into(), listener),
    };
    let guard = Guard::of(guarded);
    let server = HttpServer::new(move || {
        let whom = whom.clone();
        App::new()
            .wrap_fn(move |request, service| {
                // A foreign page is not the master.
                let allowed = guard.check(request.headers());
                let state = match allowed.and_then(|()| whom.of(&request)) {
                    Ok(state) => state,
                    Err(refusal) => return Either::Right(ready(Err(refusal.into()))),
                };
                // Nor is a health check on this host, which works also when the network does not.
                if request.headers().contains_key(MASTER_HEADER) {
                    state.orders.contacted();
                }
                Either::Left(service.call(request))
            })
            .configure(routes)
    });
    let server = server
        .workers(1)
        .disable_signals()
        .keep_alive(LEFT_TO_THE_KERNEL)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .on_connect(whom::on_connect)
        .listen(listener)?;
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
