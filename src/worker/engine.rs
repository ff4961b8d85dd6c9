//! Watches the container engine: whether it answers, and what happens on it.
//!
//! One stream of events for all tasks. Events only say "look there", and the engine is listed again
//! whenever the stream begins anew, and now and then anyway: so an event that is lost costs time,
//! not truth. Order matters: subscribe first, then list, then wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::runner::Runner;
use super::runtime::{Error, Info};
use crate::backoff::{self, Backoff};

/// How often the engine is asked whether it lives.
const PING_EVERY: Duration = Duration::from_secs(5);
/// How often everything is compared, events or not.
const RESYNC_EVERY: Duration = Duration::from_secs(60);
/// How long between tries to reach an engine that is away.
const RECONNECT: Backoff = Backoff {
    first: Duration::from_millis(500),
    most: Duration::from_secs(5),
};
/// Silences in a row that make an engine degraded. A refused connection needs only one.
const SILENCES: u32 = 2;
/// An operation that never came back is held against the engine for so many comparisons, when no
/// other operation succeeds before.
const STUCK_FOR_RESYNCS: u32 = 5;

/// How the engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// It answers.
    Ready,
    /// It does not, and why.
    Degraded(String),
}

/// What is known about the engine, for everybody to see.
#[derive(Debug)]
pub struct EngineState {
    condition: watch::Sender<Condition>,
    info: watch::Sender<Option<Info>>,
    inner: Mutex<Inner>,
    suspicion: Notify,
}

#[derive(Debug)]
struct Inner {
    /// Why it does not answer.
    away: Option<String>,
    /// The operation it did not come back from, and for how many comparisons that still counts.
    stuck: Option<(String, u32)>,
}

impl Default for EngineState {
    fn default() -> Self {
        let reason = "the container engine was not reached yet";
        Self {
            condition: watch::Sender::new(Condition::Degraded(reason.into())),
            info: watch::Sender::new(None),
            inner: Mutex::new(Inner {
                away: Some(reason.into()),
                stuck: None,
            }),
            suspicion: Notify::new(),
        }
    }
}

impl EngineState {
    /// How it is now, and a way to wait for a change.
    pub fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.subscribe()
    }

    /// What it is, once it was reached.
    pub fn info(&self) -> watch::Receiver<Option<Info>> {
        self.info.subscribe()
    }

    /// An operation failed by the engine's fault.
    pub fn failed(&self, error: &Error) {
        if let Error::Timeout { .. } = error {
            self.lock().stuck = Some((error.to_string(), STUCK_FOR_RESYNCS));
            self.publish();
        }
        self.suspicion.notify_one();
    }

    /// An operation succeeded.
    pub fn succeeded(&self) {
        if self.lock().stuck.take().is_some() {
            self.publish();
        }
    }

    fn is_away(&self, why: Option<String>) {
        self.lock().away = why;
        self.publish();
    }

    fn compared(&self) {
        let mut inner = self.lock();
        let stuck = inner.stuck.take();
        inner.stuck = stuck.and_then(|(why, left)| Some((why, left.checked_sub(1)?)));
        drop(inner);
        self.publish();
    }

    fn publish(&self) {
        let inner = self.lock();
        let stuck = inner.stuck.as_ref().map(|(why, _)| why.clone());
        let condition = match inner.away.clone().or(stuck) {
            Some(why) => Condition::Degraded(why),
            None => Condition::Ready,
        };
        drop(inner);
        self.condition.send_if_modified(|current| {
            let news = *current != condition;
            if news {
                match &condition {
                    Condition::Ready => log::info!("the container engine answers"),
                    Condition::Degraded(why) => log::warn!("degraded: {why}"),
                }
                *current = condition;
            }
            news
        });
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches the engine for as long as it is polled: adopts what is there, wakes who has something to
/// see, and notes when the engine goes and comes.
pub async fn watch_engine(runner: Arc<Runner>) {
    let engine = &runner.shared().engine;
    let mut failures = 0;
    let mut adopted = false;
    loop {
        let error = match connect(&runner, &mut adopted).await {
            Ok(events) => {
                failures = 0;
                engine.is_away(None);
                follow(&runner, events).await
            }
            Err(error) => error,
        };
        runner.shared().metrics.engine_error(error.kind());
        engine.is_away(Some(error.to_string()));
        failures += 1;
        let random = runner.shared().clock.now().random;
        tokio::time::sleep(RECONNECT.wait(failures, random)).await;
    }
}

type Events = futures_util::stream::BoxStream<'static, Result<super::runtime::Event, Error>>;

async fn connect(runner: &Arc<Runner>, adopted: &mut bool) -> Result<Events, Error> {
    let shared = runner.shared();
    let info = shared.runtime.info().await?;
    shared.engine.info.send_replace(Some(info));
    let events = shared.runtime.events(&shared.node_id);
    let found = shared.runtime.list(&shared.node_id).await?;
    if *adopted {
        runner.resync(found);
        runner.wake_all();
    } else {
        runner.adopt(found);
        *adopted = true;
    }
    Ok(events)
}

/// Follows the events until the engine is lost; gives why.
async fn follow(runner: &Arc<Runner>, mut events: Events) -> Error {
    let shared = runner.shared();
    let mut pings = interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut resyncs = interval(RESYNC_EVERY);
    resyncs.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_first = true;
    let mut silences = 0;
    loop {
        // In this order always, so that a simulation can be repeated: first what comes seldom, so
        // that many events starve nothing.
        let answer = tokio::select! {
            biased;
            _ = pings.tick() => shared.runtime.ping().await,
            _ = resyncs.tick() => {
                if std::mem::take(&mut is_first) {
                    // Workers that began together do not go on to ask together.
                    let share = backoff::share(shared.clock.now().random);
                    resyncs.reset_after(RESYNC_EVERY.mul_f64(share));
                }
                let found = shared.runtime.list(&shared.node_id).await;
                found.map(|found| {
                    runner.resync(found);
                    shared.engine.compared();
                })
            }
            event = events.next() => match event {
                Some(Ok(event)) => {
                    log::debug!("engine event: {event:?}");
                    runner.wake(&event.task_id);
                    continue;
                }
                Some(Err(error)) => return error,
                None => return Error::Unreachable { why: "its stream of events ended".into() },
            },
            () = shared.engine.suspicion.notified() => shared.runtime.ping().await,
        };
        match answer {
            Ok(()) => silences = 0,
            Err(error @ Error::Timeout { .. }) => {
                silences += 1;
                if silences >= SILENCES {
                    return error;
                }
                // Asked again at once: one silence is suspicious.
                shared.engine.suspicion.notify_one();
            }
            Err(error) => return error,
        }
    }
}
