//! An engine in memory: for tests, and for simulated nodes ([`crate::simulate`]).
//!
//! It does what Docker does as far as podling looks, in tokio's time (so a paused clock runs
//! through it at once), and what a test tells it to: how long containers run, how they end, which
//! operations fail, that the engine goes away. It keeps a journal of what it was asked, unless its
//! [`Setup`] says otherwise.

mod behaviour;
mod setup;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::bytes::Bytes;

pub use behaviour::Behaviour;
pub use setup::{Draw, Setup};
pub use world::Held;

use self::world::World;
use super::{
    Blueprint, Container, Error, Event, EventKind, Exit, Info, Listed, LogOptions, Phase,
    ProgressSink, Result, Runtime,
};
use crate::wire::PullProgress;

/// An engine in memory. Clones are the same engine.
#[derive(Clone)]
pub struct Scripted {
    world: Arc<Mutex<World>>,
    events: broadcast::Sender<Option<Event>>,
}

impl Default for Scripted {
    fn default() -> Self {
        Self::with(Setup::default())
    }
}

impl Scripted {
    /// An engine that is set up so.
    pub fn with(setup: Setup) -> Self {
        Self {
            events: broadcast::Sender::new(setup.events_kept),
            world: Arc::new(Mutex::new(World::new(setup))),
        }
    }

    /// The engine has this image, and containers of it behave so.
    pub fn image(&self, name: &str, behaviour: Behaviour) {
        self.world().images.insert(name.into(), behaviour);
    }

    /// The registry has this image: after a pull the engine has it too.
    pub fn registry_image(&self, name: &str, behaviour: Behaviour) {
        self.world().registry.insert(name.into(), behaviour);
    }

    /// Each operation takes so long.
    pub fn latency(&self, latency: Duration) {
        self.world().latency = latency;
    }

    /// The next operation of this name (`create`, `start`, `pull` …) fails like this.
    pub fn fail_next(&self, operation: &'static str, error: Error) {
        self.world().failures.push((operation, error));
    }

    /// Whoever calls the next operation of this name panics.
    #[cfg(test)]
    pub fn panic_next(&self, operation: &'static str) {
        self.world().panics_at = Some(operation);
    }

    /// The engine goes away: every call fails, the events end; containers go on.
    pub fn go_away(&self) {
        self.world().away = true;
        self.tell(None);
    }

    /// The engine is back.
    pub fn come_back(&self) {
        self.world().away = false;
    }

    /// Somebody kills the container of this task from outside.
    pub fn kill(&self, task_id: &str) {
        self.exit(task_id, 137, false);
    }

    /// The container of this task ends.
    pub fn exit(&self, task_id: &str, code: i64, out_of_memory: bool) {
        let found = self
            .world()
            .of_task(task_id)
            .map(|container| container.id.clone());
        if let Some(id) = found {
            self.end(
                &id,
                Exit {
                    code,
                    out_of_memory,
                    bad_command: None,
                    being_removed: false,
                },
            );
        }
    }

    /// Somebody removes the container of this task from outside.
    pub fn remove_from_outside(&self, task_id: &str) {
        let mut world = self.world();
        let Some(id) = world.of_task(task_id).map(|container| container.id.clone()) else {
            return;
        };
        world.forget(&id);
        drop(world);
        self.tell(Some(Event {
            container_id: id,
            task_id: task_id.into(),
            kind: EventKind::Destroyed,
        }));
    }

    /// A container that is nobody's takes a name.
    pub fn take_name(&self, name: &str) {
        self.world().take_name(name);
    }

    /// What was asked so far, one line each (`create podling-web-t-1`), without looks and pings.
    pub fn journal(&self) -> Vec<String> {
        self.world().journal.clone()
    }

    /// The names of all containers, and whether they run.
    pub fn containers(&self) -> Vec<(String, bool)> {
        let world = self.world();
        let all = world.containers.values();
        let mut all: Vec<_> = all
            .map(|container| (container.name.clone(), container.phase == Phase::Running))
            .collect();
        all.sort();
        all
    }

    /// All containers as they are, by id.
    pub fn inventory(&self) -> Vec<Held> {
        let world = self.world();
        world
            .containers
            .values()
            .map(|found| found.held())
            .collect()
    }

    /// The host is lost with all its containers; whoever listens hears no more.
    pub fn wipe(&self) {
        self.world().forget_all();
        self.tell(None);
    }

    async fn operation(&self, name: &'static str, subject: &str) -> Result<()> {
        let latency = {
            let mut world = self.world();
            if !matches!(name, "ping" | "info" | "list" | "inspect") {
                world.note(name, subject);
            }
            world.latency
        };
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let mut world = self.world();
        assert_ne!(world.panics_at, Some(name), "as it was told");
        if world.away {
            return Err(Error::Unreachable {
                why: "it was told to go away".into(),
            });
        }
        match world
            .failures
            .iter()
            .position(|(failing, _)| *failing == name)
        {
            Some(at) => Err(world.failures.remove(at).1),
            None => Ok(()),
        }
    }

    /// Ends a running container, and says so.
    fn end(&self, id: &str, exit: Exit) {
        let task_id = self.world().end(id, exit);
        if let Some(task_id) = task_id {
            self.tell(Some(Event {
                container_id: id.into(),
                task_id,
                kind: EventKind::Died,
            }));
        }
    }

    fn tell(&self, event: Option<Event>) {
        let _nobody_listens = self.events.send(event);
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runtime for Scripted {
    fn info(&self) -> BoxFuture<'_, Result<Info>> {
        Box::pin(async move {
            self.operation("info", "").await?;
            Ok(self.world().info.clone())
        })
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.operation("ping", ""))
    }

    fn list<'a>(&'a self, node_id: &'a str) -> BoxFuture<'a, Result<Vec<Listed>>> {
        Box::pin(async move {
            self.operation("list", "").await?;
            Ok(self.world().listed(node_id))
        })
    }

    fn inspect<'a>(&'a self, container: &'a str) -> BoxFuture<'a, Result<Container>> {
        Box::pin(async move {
            self.operation("inspect", container).await?;
            self.world().find(container).map(|found| found.shown())
        })
    }

    fn pull<'a>(&'a self, image: &'a str, progress: ProgressSink) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            progress(step("Downloading", 1));
            self.operation("pull", image).await?;
            progress(step("Pull complete", 2));
            self.world().pull(image)
        })
    }

    fn create<'a>(&'a self, blueprint: &'a Blueprint) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            self.operation("create", &blueprint.name).await?;
            self.world().create(blueprint)
        })
    }

    fn start<'a>(&'a self, container: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.operation("start", container).await?;
            let starts_in = self.world().next_run(container)?;
            if !starts_in.is_zero() {
                tokio::time::sleep(starts_in).await;
            }
            let started = self.world().start(container)?;
            let Some((id, starts, behaviour)) = started else {
                return Ok(()); // It runs already.
            };
            if let Some(runs_for) = behaviour.runs_for {
                let engine = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(runs_for).await;
                    // Not the next run, when this one was ended earlier.
                    let same_run = engine.world().starts(&id) == Some(starts);
                    if same_run {
                        engine.end(&id, behaviour.exit);
                    }
                });
            }
            Ok(())
        })
    }

    fn stop<'a>(&'a self, container: &'a str, grace_seconds: u32) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.operation("stop", container).await?;
            let (id, ignores_term) = {
                let world = self.world();
                let found = world.find(container)?;
                (found.id.clone(), found.behaviour.ignores_term)
            };
            let code = if ignores_term {
                tokio::time::sleep(Duration::from_secs(grace_seconds.into())).await;
                137
            } else {
                143
            };
            let exit = Exit {
                code,
                ..Exit::default()
            };
            self.end(&id, exit);
            Ok(())
        })
    }

    fn remove<'a>(&'a self, container: &'a str, force: bool) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.operation("remove", container).await?;
            self.world().remove(container, force)
        })
    }

    fn logs(&self, container: &str, options: LogOptions) -> BoxStream<'static, Result<Bytes>> {
        let lines = self
            .world()
            .find(container)
            .map(|found| found.lines(&options));
        match lines {
            Ok(lines) => stream::iter(lines.into_iter().map(Ok)).boxed(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    fn events(&self, _node_id: &str) -> BoxStream<'static, Result<Event>> {
        let events = self.events.subscribe();
        stream::unfold(events, async |mut events| match events.recv().await {
            Ok(event) => Some((Ok(event?), events)),
            Err(RecvError::Lagged(lost)) => Some((Err(overrun(lost)), events)),
            Err(RecvError::Closed) => None,
        })
        .boxed()
    }
}

/// Who follows the events was too slow for them: it has to look at everything again.
fn overrun(lost: u64) -> Error {
    Error::Unreachable {
        why: format!("{lost} of its events were overrun by later ones"),
    }
}

fn step(status: &str, current: u64) -> PullProgress {
    PullProgress {
        layer: Some("0123456789ab".into()),
        status: status.into(),
        current: Some(current),
        total: Some(2),
    }
}
