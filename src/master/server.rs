//! Putting a master together, and taking it apart in order.
//!
//! Start: open the store → load → cluster → listen → loops. Stop: stop accepting and drain HTTP →
//! stop the loops → drain the commit queue → close the store. A part that ends by itself ends the
//! whole master with an error: half a master is worse than one that is started again.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle, Service};
use actix_web::{App, HttpServer, web};
use futures_util::future::{Either, ready};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::cluster::Cluster;
use super::committer::{self, Committer};
use super::dispatch::Dispatcher;
use super::feed::Feed;
use super::http::{self, Shared};
use super::loops::{NodeMonitor, Placer, Reaper, drive};
use super::metrics::Metrics;
use super::{Error, Options};
use crate::client::Transport;
use crate::clock::{SharedClock, SystemClock};
use crate::core::State;
use crate::http::Guard;
use crate::store::{self, Store};

/// More do not make the commit task faster, and each takes memory.
const MOST_WORKERS: usize = 4;
/// Longer than any client keeps an idle connection, so that none is closed under a request.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

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
    parts: JoinSet<&'static str>,
    stop_parts: CancellationToken,
    committing: JoinHandle<Result<(), committer::Error>>,
    close_queue: CancellationToken,
}

impl Master {
    /// Starts one; it answers when this returns. It ends when `stop` is cancelled.
    ///
    /// # Errors
    /// The store can't be opened or the address can't be listened on; see [`Error`].
    pub async fn start(options: Options, stop: CancellationToken) -> Result<Self, Error> {
        let store = store::open(&options.store).await?;
        Self::start_on(store, SystemClock::shared(), options, stop).await
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
        let snapshot = store.load().await?;
        log::info!(
            "{}: {} tasks, {} nodes",
            store.describe(),
            snapshot.tasks.len(),
            snapshot.nodes.len()
        );
        let last_event = snapshot.last_event;
        let writes = snapshot.into_writes();
        let state = State::load(options.policy.clone(), writes, last_event, clock.now());
        let (cluster, ends) = Cluster::new(state, clock.clone(), options.commit_timeout);
        let (trouble, see_trouble) = watch::channel(None);
        let cluster = Arc::new(cluster.heeding(see_trouble.clone()));

        let transport = Transport::start().map_err(|why| Error::System {
            what: "the HTTP client's thread",
            why,
        })?;
        let metrics = Arc::new(Metrics::new());
        let (feed, committed, followers) = Feed::new();
        // Before anything can be decided: what is in memory now is durable.
        let dispatcher = Dispatcher::new(
            cluster.clone(),
            transport.clone(),
            committed,
            metrics.clone(),
        );

        let listener = listen(options.bind)?;
        let address = listener.local_addr().unwrap_or(options.bind);
        let shared = web::Data::new(Shared {
            cluster: cluster.clone(),
            followers,
            transport: transport.clone(),
            metrics: metrics.clone(),
            trouble: see_trouble,
            stop: stop.clone(),
        });
        let guard = Guard::of(address.ip());
        let server = serve(listener, guard, shared, options.shutdown_timeout)
            .map_err(|why| Error::listen(address, &why))?;

        let close_queue = CancellationToken::new();
        let committer = Committer {
            store,
            ends,
            feed,
            trouble,
            metrics,
            clock,
            slow_after: options.commit_timeout,
            give_up_after: options.store_give_up_after,
        };
        let committing = tokio::spawn(committer.run(close_queue.clone()));
        let http = server.handle();
        let serving = tokio::spawn(server);

        let stop_parts = CancellationToken::new();
        let mut parts = JoinSet::new();
        let token = || stop_parts.clone();
        parts.spawn(named("dispatcher", dispatcher.run(token())));
        let placer = Placer::new(cluster.clone());
        parts.spawn(named("placer", drive(placer, token())));
        let reaper = Reaper::new(cluster.clone());
        parts.spawn(named("reaper", drive(reaper, token())));
        let monitor = NodeMonitor::new(cluster, transport);
        parts.spawn(named("node monitor", drive(monitor, token())));

        log::info!("listening on http://{address}");
        Ok(Self {
            address,
            stop,
            http,
            serving,
            parts,
            stop_parts,
            committing,
            close_queue,
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
            () = self.stop.cancelled() => None,
            ended = &mut self.committing => return Err(self.abandon(ended).await),
            ended = &mut self.serving => Some(Error::Ended {
                part: "http server",
                why: format!("{ended:?}"),
            }),
            Some(ended) = self.parts.join_next() => Some(Error::Ended {
                part: ended.as_ref().copied().unwrap_or("a loop"),
                why: ended.map_or_else(|error| error.to_string(), |_| "it returned".into()),
            }),
        };
        // Streams end through this token, so that draining does not wait for them.
        self.stop.cancel();
        self.http.stop(true).await;
        self.stop_parts.cancel();
        while self.parts.join_next().await.is_some() {}
        // Everybody who decides is gone; what was decided is still written.
        self.close_queue.cancel();
        match self.committing.await {
            Ok(result) => result?,
            Err(error) => return Err(panicked(&error)),
        }
        log::info!("stopped; everything decided is stored");
        ended.map_or(Ok(()), Err)
    }

    /// The commit task gave up: nothing can be answered any more, so nothing is drained.
    async fn abandon(
        self,
        ended: Result<Result<(), committer::Error>, tokio::task::JoinError>,
    ) -> Error {
        self.stop.cancel();
        self.stop_parts.cancel();
        self.http.stop(false).await;
        match ended {
            Ok(Err(error)) => Error::Commit(error),
            Ok(Ok(())) => Error::Ended {
                part: "committer",
                why: "it returned".into(),
            },
            Err(error) => panicked(&error),
        }
    }
}

fn panicked(error: &tokio::task::JoinError) -> Error {
    Error::Ended {
        part: "committer",
        why: error.to_string(),
    }
}

async fn named(name: &'static str, part: impl Future<Output = ()>) -> &'static str {
    part.await;
    name
}

fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    // Tokio's socket, because it may be bound again while old connections linger.
    let bound = || {
        let socket = match address {
            SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
            SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(1024)?.into_std()
    };
    bound().map_err(|error| Error::listen(address, &error))
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
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(shutdown_timeout.as_secs())
        .disable_signals();
    Ok(server.listen(listener)?.run())
}
