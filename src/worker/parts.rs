//! A worker without its HTTP server: the runner with its supervisors, the watch on the engine, the
//! agent, and the shutdown.
//!
//! One place puts them together, for [`super::run()`], which puts a server in front, and for the
//! simulation, which calls [`Orders`] instead. A run that is dropped ends where it stands, as a
//! process that is killed does: containers go on.

use std::pin::pin;
use std::sync::Arc;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::agent::Agent;
use super::contact::Contact;
use super::engine::{EngineState, watch_engine};
use super::master::Master;
use super::metrics::Metrics;
use super::orders::Orders;
use super::pulls::Pulls;
use super::reporter::Reporter;
use super::runner::Runner;
use super::runtime::Runtime;
use super::shared::Shared;
use super::shutdown::Deadline;
use super::{Error, Options, shutdown};
use crate::clock::SharedClock;
use crate::telemetry::counted;

/// The parts, not yet at work.
pub struct Parts {
    options: Options,
    runner: Arc<Runner>,
    contact: Arc<Contact>,
    master: Arc<dyn Master>,
}

impl Parts {
    /// The parts of a worker on this engine, under this master.
    pub fn new(
        options: Options,
        runtime: Arc<dyn Runtime>,
        master: Arc<dyn Master>,
        clock: SharedClock,
    ) -> Self {
        let shared = Arc::new(Shared {
            node_id: options.node_id.clone(),
            reporter: Reporter::default(),
            pulls: Pulls::new(Arc::clone(&runtime)),
            engine: EngineState::default(),
            metrics: Metrics::default(),
            clock: Arc::clone(&clock),
            runtime,
        });
        Self {
            options,
            runner: Runner::new(shared),
            contact: Arc::new(Contact::new(clock)),
            master,
        }
    }

    /// Where orders go.
    pub fn orders(&self) -> Orders {
        Orders::new(Arc::clone(&self.runner), Arc::clone(&self.contact))
    }

    /// Works until `token` is cancelled and everything is in order, or `serving` says why nobody
    /// can be served any more.
    ///
    /// # Errors
    /// As [`super::run()`].
    pub async fn run(
        self,
        token: &CancellationToken,
        serving: impl Future<Output = Error>,
    ) -> Result<(), Error> {
        let Self {
            options,
            runner,
            contact,
            master,
        } = self;
        let _supervisors_end_with_this = runner.abandoned_on_drop();
        let mut engine = AbortOnDropHandle::new(tokio::spawn(watch_engine(Arc::clone(&runner))));
        let mut agent = Agent::new(
            options.clone(),
            Arc::clone(&runner),
            Arc::clone(&master),
            Arc::clone(&contact),
        );
        let silence = agent.silence();
        let mut agent = AbortOnDropHandle::new(tokio::spawn(async move { agent.run().await }));

        let result = {
            let end = until_the_end(&options, &runner, master.as_ref(), &contact, token);
            let mut until_the_end = pin!(end);
            tokio::select! {
                biased;
                leaves = &mut until_the_end => Ok(leaves),
                error = serving => Err(error),
                _ = &mut engine => Err(Error::Ended("the watch on the engine")),
                () = runner.broke() => Err(Error::Ended("the supervisor of a task")),
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
        result.map(|_| ())
    }
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
        let active = counted(runner.active(), "task");
        log::info!("shutting down, never registered; left running: {active}");
        return (Leaves::ForNow, deadline);
    }
    let leaves = if options.leave_running {
        runner.close();
        let active = counted(runner.active(), "task");
        log::info!("shutting down; left running: {active}");
        Leaves::ForNow
    } else {
        let total = options.shutdown_timeout;
        shutdown::drain(runner, master, &options.node_id, total).await;
        Leaves::ForGood
    };
    shutdown::reports_accepted(runner, &deadline).await;
    (leaves, deadline)
}
