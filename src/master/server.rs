//! Putting a master together, and taking it apart in order.
//!
//! Start: take the address → open the store → load → cluster → listen → loops. The address first: a
//! master that can't listen leaves no new data directory behind. Stop: stop accepting and drain HTTP →
//! stop the loops → drain the commit queue → close the store. A part that ends by itself ends the
//! whole master with an error: half a master is worse than one that is started again.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle, Service};
use actix_web::{App, HttpServer, web};
use futures_util::future::{Either, ready};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::http::{self, Shared};
use super::parts::{Ended, Parts, Running};
use super::workers::HttpWorkers;
use super::{Error, Options};
use crate::client::Transport;
use crate::clock::{SharedClock, SystemClock};
use crate::http::{Bound, Guard, LEFT_TO_THE_KERNEL};
use crate::store::{self, Store};

/// More do not make the commit task faster, and each takes memory.
const MOST_WORKERS: usize = 4;

/// Runs a master until `stop` is cancelled.
///
/// # Errors
/// It can't start, or had to end by itself; see [`Error`].
pub async fn run(options: Options, stop: CancellationToken) -> Result<(), Error> {
    Master::start(options, stop).await?.wait().await
}

/// A master that listens.
pub struct Master {
    address: SocketAddr,
    stop: CancellationToken,
    http: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    running: Running,
    shutdown_timeout: Duration,
}

impl Master {
    /// Starts one; it answers when this returns. It ends when `stop` is cancelled.
    ///
    /// # Errors
    /// The store can't be opened or the address can't be listened on; see [`Error`].
    pub async fn start(options: Options, stop: CancellationToken) -> Result<Self, Error> {
        let bound = bind(options.bind)?;
        let store = store::open(&options.store).await?;
        Self::start_at(bound, store, SystemClock::shared(), options, stop).await
    }

    /// The same, on a store that is open already.
    ///
    /// # Errors
    /// See [`Master::start`].
    pub async fn start_on(
        store: Arc<dyn Store>,
        clock: SharedClock,
        options: Options,
        stop: CancellationToken,
    ) -> Result<Self, Error> {
        let bound = bind(options.bind)?;
        Self::start_at(bound, store, clock, options, stop).await
    }

    async fn start_at(
        bound: Bound,
        store: Arc<dyn Store>,
        clock: SharedClock,
        options: Options,
        stop: CancellationToken,
    ) -> Result<Self, Error> {
        let address = bound.address();
        let transport = Transport::start().map_err(|why| Error::System {
            what: "the HTTP client's thread",
            why,
        })?;
        let workers = Arc::new(HttpWorkers::new(transport.clone()));
        let parts = Parts::load(store, clock, workers, &options).await?;
        let shared = web::Data::new(Shared {
            cluster: parts.cluster.clone(),
            followers: parts.followers.clone(),
            transport,
            metrics: parts.metrics.clone(),
            trouble: parts.trouble.clone(),
            stop: stop.clone(),
        });
        let guard = Guard::of(address.ip());
        let server = bound
            .listen()
            .and_then(|listener| serve(listener, guard, shared, options.shutdown_timeout))
            .map_err(|why| Error::listen(address, &why))?;
        let running = parts.start();
        let http = server.handle();
        let serving = tokio::spawn(server);
        log::info!("listening on http://{address}");
        Ok(Self {
            address,
            stop,
            http,
            serving,
            running,
            shutdown_timeout: options.shutdown_timeout,
        })
    }

    /// Where it listens: the port that was chosen, when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it is told to stop, or can't go on, and takes it apart.
    ///
    /// # Errors
    /// Why it can't go on.
    pub async fn wait(mut self) -> Result<(), Error> {
        let ended = tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            ended = self.running.ended() => match ended {
                Ended::Committing(error) => {
                    self.stop.cancel();
                    self.http.stop(false).await;
                    return Err(error);
                }
                Ended::Loop(error) => Some(error),
            },
            ended = &mut self.serving => Some(Error::Ended {
                part: "http server",
                why: format!("{ended:?}"),
            }),
        };
        // Streams end through this token, so that draining does not wait for them.
        self.stop.cancel();
        self.http.stop(true).await;
        self.running.stop(self.shutdown_timeout).await?;
        log::info!("stopped; everything decided is stored");
        ended.map_or(Ok(()), Err)
    }
}

fn bind(address: SocketAddr) -> Result<Bound, Error> {
    Bound::take(address).map_err(|error| Error::listen(address, &error))
}

fn serve(
    listener: TcpListener,
    guard: Guard,
    shared: web::Data<Shared>,
    shutdown_timeout: Duration,
) -> std::io::Result<Server> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let server = HttpServer::new(move || {
        let metrics = shared.metrics.clone();
        App::new()
            .app_data(shared.clone())
            .wrap_fn(move |request, service| http::observe(metrics.clone(), request, service))
            .wrap_fn(
                move |request, service| match guard.check(request.headers()) {
                    Ok(()) => Either::Left(service.call(request)),
                    Err(refusal) => Either::Right(ready(Err(refusal.into()))),
                },
            )
            .configure(http::configure)
    });
    let server = server
        .workers(cores.min(MOST_WORKERS))
        .keep_alive(LEFT_TO_THE_KERNEL)
        .shutdown_timeout(shutdown_timeout.as_secs())
        .disable_signals();
    Ok(server.listen(listener)?.run())
}
