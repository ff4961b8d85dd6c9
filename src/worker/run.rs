//! A worker from start to end.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::claim::Claim;
use super::master::Master;
use super::parts::Parts;
use super::runtime::Runtime;
use super::runtime::docker::Docker;
use super::{Error, Options, http};
use crate::client::{MasterClient, Transport};
use crate::clock::{SharedClock, SystemClock};
use crate::http::Bound;

/// Runs a worker on Docker until `token` is cancelled and everything is in order.
///
/// # Errors
/// It can't begin: the port or the node id is in use, or the engine's address makes no sense. An
/// engine or a master that is away is no error: both are waited for.
pub async fn run(options: Options, token: CancellationToken) -> Result<(), Error> {
    Prepared::new(&options)?.run(options, token).await
}

/// What a worker has to have before anything else is done: its node id and its address for itself
/// alone, and an engine's address that makes sense.
pub struct Prepared {
    _held_to_the_end: Claim,
    bound: Bound,
    runtime: Docker,
}

impl Prepared {
    /// Takes all of it.
    ///
    /// # Errors
    /// As [`run`].
    pub fn new(options: &Options) -> Result<Self, Error> {
        Ok(Self {
            _held_to_the_end: Claim::take(&options.node_id)?,
            bound: bind(options)?,
            runtime: Docker::connect().map_err(Error::EngineAddress)?,
        })
    }

    /// Runs the worker until `token` is cancelled and everything is in order. Its node id and address
    /// are those of before.
    ///
    /// # Errors
    /// It can't go on.
    pub async fn run(self, options: Options, token: CancellationToken) -> Result<(), Error> {
        let transport = Transport::start().map_err(Error::Client)?;
        let master = Arc::new(MasterClient::new(transport, &options.master_url));
        let runtime = Arc::new(self.runtime);
        let clock = SystemClock::shared();
        serve(self.bound, options, runtime, master, clock, token).await
    }
}

fn bind(options: &Options) -> Result<Bound, Error> {
    let address = SocketAddr::new(options.bind, options.port);
    Bound::take(address).map_err(|error| Error::Listen { address, error })
}

/// The same with another runtime, master and clock: for tests.
///
/// # Errors
/// As [`run`].
pub async fn run_with(
    options: Options,
    runtime: Arc<dyn Runtime>,
    master: Arc<dyn Master>,
    clock: SharedClock,
    token: CancellationToken,
) -> Result<(), Error> {
    let bound = bind(&options)?;
    serve(bound, options, runtime, master, clock, token).await
}

async fn serve(
    bound: Bound,
    options: Options,
    runtime: Arc<dyn Runtime>,
    master: Arc<dyn Master>,
    clock: SharedClock,
    token: CancellationToken,
) -> Result<(), Error> {
    let address = bound.address();
    let node_id = options.node_id.clone();
    let parts = Parts::new(options, runtime, master, clock);

    // Listen first: the master may call as soon as it knows the node.
    // Not a part of `token`: while tasks are given time to end, their logs go on.
    let streams = CancellationToken::new();
    let state = http::State::new(parts.orders(), streams.clone());
    let whom = http::Whom::One(Box::new(state));
    let server = http::server(whom, http::Place::Address(bound))
        .map_err(|error| Error::Listen { address, error })?;
    let handle = server.handle();
    let mut server = tokio::spawn(server);
    log::info!("worker {node_id} listens on {address}");

    let serving = async {
        match (&mut server).await {
            Ok(Err(error)) => Error::Server(error),
            Ok(Ok(())) | Err(_) => Error::Ended("the HTTP server"),
        }
    };
    let result = parts.run(&token, serving).await;
    streams.cancel();
    handle.stop(true).await;
    result
}
