//! A worker from start to end.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::agent::Agent;
use super::claim::Claim;
use super::contact::Contact;
use super::engine::{EngineState, watch_engine};
use super::master::Master;
use super::metrics::Metrics;
use super::pulls::Pulls;
use super::reporter::Reporter;
use super::runner::Runner;
use super::runtime::Runtime;
use super::runtime::docker::Docker;
use super::shared::Shared;
use super::shutdown::Deadline;
use super::{Error, Options, http, shutdown};
use crate::client::{MasterClient, Transport};
use crate::clock::{SharedClock, SystemClock};

/// Runs a worker on Docker until `token` is cancelled and everything is in order.
///
/// # Errors
/// It can't begin: the port or the node id is in use, or the engine's address makes no sense. An
/// engine or a master that is away is no error: both are waited for.
pub async fn run(options: Options, token: CancellationToken) -> Result<(), Error> {
    let _held_to_the_end = Claim::take(&options.node_id)?;
    let runtime = Docker::connect().map_err(|error| Error::EngineAddress(error.to_string()))?;
    let transport = Transport::start().map_err(Error::Client)?;
    let master = MasterClient::new(transport, &options.master_url);
    let clock = SystemClock::shared();
    run_with(options, Arc::new(runtime), Arc::new(master), clock, token).await
}

/// The same with another runtime, master and clock: for tests and simulated nodes.
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
    let shared = Arc::new(Shared {
        node_id: options.node_id.clone(),
        reporter: Reporter::default(),
        pulls: Pulls::new(Arc::clone(&runtime)),
        engine: EngineState::default(),
        metrics: Metrics::default(),
        clock: Arc::clone(&clock),
        runtime,
    });
    let runner = Runner::new(shared);
    let contact = Arc::new(Contact::new(clock));

    // Listen first: the master may call as soon as it knows the node.
    let address = SocketAddr::new(options.bind, options.port);
    let streams = token.child_token();
    let state = http::State::new(Arc::clone(&runner), Arc::clone(&contact), streams.clone());
    let server = http::server(state, address).map_err(|error| Error::Listen { address, error })?;
    let handle = server.handle();
    let mut server = tokio::spawn(server);
    log::info!("worker {} listens on {address}", options.node_id);

    let mut engine = tokio::spawn(watch_engine(Arc::clone(&runner)));
    let mut agent = Agent::new(
        options.clone(),
        Arc::clone(&runner),
        Arc::clone(&master),
        Arc::clone(&contact),
    );
    let silence = agent.silence();
    let mut agent = tokio::spawn(async move { agent.run().await });

    let result = {
        let end = until_the_end(&options, &runner, master.as_ref(), &contact, &token);
        let mut until_the_end = pin!(end);
        tokio::select! {
            leaves = &mut until_the_end => Ok(leaves),
            ended = &mut server => Err(match ended {
                Ok(Err(error)) => Error::Server(error),
                Ok(Ok(())) | Err(_) => Error::Ended("the HTTP server"),
            }),
            _ = &mut engine => Err(Error::Ended("the watch on the engine")),
            ended = &mut agent => Err(match ended {
                Ok(Err(error)) => error,
                Ok(Ok(())) | Err(_) => Error::Ended("the agent"),
            }),
        }
    };
    if let Ok((_, deadline)) = &result {
        // The sign-off must not overtake the agent's last word.
        silence.cancel();
        let _hangs = timeout(deadline.last_word(), &mut agent).await.is_err();
    }
    agent.abort();
    if let Ok((Leaves::ForGood, deadline)) = &result {
        shutdown::sign_off(&runner, master.as_ref(), &options.node_id, deadline).await;
    }
    engine.abort();
    runner.abandon().await;
    streams.cancel();
    stop_server(handle).await;
    result.map(|_| ())
}

/// How a worker leaves.
enum Leaves {
    /// Its tasks are ended: it signs off.
    ForGood,
    /// Its tasks go on.
    ForNow,
}

/// Waits for the token, then does what there is to do before the agent may fall silent.
async fn until_the_end(
    options: &Options,
    runner: &Arc<Runner>,
    master: &dyn Master,
    contact: &Contact,
    token: &CancellationToken,
) -> (Leaves, Deadline) {
    token.cancelled().await;
    let clock = Arc::clone(&runner.shared().clock);
    let deadline = Deadline::after(clock, options.shutdown_timeout);
    if !contact.was_accepted() {
        // Perhaps the node is another worker's: then it is not ours to empty.
        runner.close();
        let active = runner.active();
        log::info!("shutting down, never registered; {active} tasks are left running");
        return (Leaves::ForNow, deadline);
    }
    let leaves = if options.leave_running {
        runner.close();
        log::info!("shutting down; {} tasks are left running", runner.active());
        Leaves::ForNow
    } else {
        let total = options.shutdown_timeout;
        shutdown::drain(runner, master, &options.node_id, total).await;
        Leaves::ForGood
    };
    shutdown::reports_accepted(runner, &deadline).await;
    (leaves, deadline)
}

async fn stop_server(handle: ServerHandle) {
    handle.stop(true).await;
}
