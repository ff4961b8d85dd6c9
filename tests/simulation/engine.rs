//! The container engines: each outlives its worker's processes. Beneath is podling's scripted one;
//! here are its latencies and its faults, and the checks of what it is asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use podling::worker::runtime::container::Stage;
use podling::worker::runtime::scripted::{Behaviour, Held, Scripted};
use podling::worker::runtime::{
    Blueprint, Container, Error, Event, Info, Listed, LogOptions, ProgressSink, Result, Runtime,
};
use tokio_util::bytes::Bytes;

use crate::plan::Fault;
use crate::process::Process;
use crate::worker::node_id;
use crate::world::{World, lock};

/// How an engine behaves now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    #[default]
    Fine,
    Slow,
    /// Refused at once; its events have ended.
    Away,
    /// Nothing comes back within its deadline.
    Frozen,
    /// Some answers are lost: the effect is there, and the caller does not know.
    Deaf,
}

pub struct Engine {
    pub scripted: Scripted,
    mood: Mutex<Mood>,
    /// How often the host was lost with all it had.
    generation: Mutex<u32>,
}

/// What tasks of a history run.
pub const IMAGES: [&str; 7] = [
    "service", "stubborn", "short", "job", "long", "failing", "flapping",
];

fn behaviour(image: &str) -> Behaviour {
    let ms = Duration::from_millis;
    match image {
        "service" => Behaviour::service(),
        "stubborn" => Behaviour {
            ignores_term: true,
            ..Behaviour::service()
        },
        "short" => Behaviour::job(ms(300), 0),
        "job" => Behaviour::job(ms(7_000), 0),
        "long" => Behaviour::job(ms(45_000), 0),
        "failing" => Behaviour::job(ms(1_500), 1),
        _ => Behaviour::job(ms(9_000), 3),
    }
}

impl Engine {
    pub fn new(number: usize) -> Self {
        let scripted = Scripted::default();
        for (at, image) in IMAGES.into_iter().enumerate() {
            // Some images are there, some have to be fetched.
            match (at + number) % 3 {
                0 => scripted.registry_image(image, behaviour(image)),
                _ => scripted.image(image, behaviour(image)),
            }
        }
        Self {
            scripted,
            mood: Mutex::default(),
            generation: Mutex::default(),
        }
    }

    pub fn set(&self, mood: Mood) {
        *lock(&self.mood) = mood;
        match mood {
            Mood::Away => self.scripted.go_away(),
            Mood::Fine | Mood::Slow | Mood::Frozen | Mood::Deaf => self.scripted.come_back(),
        }
    }

    pub fn wipe(&self) {
        *lock(&self.generation) += 1;
        self.scripted.wipe();
    }

    pub fn inventory(&self) -> Vec<Held> {
        self.scripted.inventory()
    }

    fn mood(&self) -> Mood {
        *lock(&self.mood)
    }

    pub fn generation(&self) -> u32 {
        *lock(&self.generation)
    }
}

/// What a worker's process has of its engine.
pub struct Connection {
    process: Arc<Process>,
    node: usize,
}

impl Connection {
    pub fn new(process: &Arc<Process>, node: usize) -> Self {
        Self {
            process: Arc::clone(process),
            node,
        }
    }

    fn world(&self) -> &Arc<World> {
        &self.process.world
    }

    fn engine(&self) -> &Engine {
        &self.world().engines[self.node]
    }

    /// Who runs here and has a host port that this container wants.
    async fn port_clash(&self, container: &str) -> Option<String> {
        let listed = self
            .engine()
            .scripted
            .list(&node_id(self.node))
            .await
            .ok()?;
        let ports = |listed: &Listed| -> Vec<u16> {
            let task = listed.task.as_ref();
            let ports = task.into_iter().flat_map(|task| &task.ports);
            ports.filter_map(|port| port.host_port).collect()
        };
        let this = listed
            .iter()
            .find(|listed| listed.id == container || listed.name == container)?;
        let wanted = ports(this);
        let other = listed.iter().find(|other| {
            other.stage == Stage::Running
                && other.id != this.id
                && ports(other).iter().any(|port| wanted.contains(port))
        })?;
        Some(format!("{} has it", other.name))
    }

    /// One operation with all that may happen to it.
    async fn operation<T>(
        &self,
        name: &'static str,
        deadline: Duration,
        may_be_refused: bool,
        work: BoxFuture<'_, Result<T>>,
    ) -> Result<T> {
        let world = self.world();
        let mood = self.engine().mood();
        let (latency, deaf, refused) = world.draw(|rng| {
            let latency = match mood {
                Mood::Slow => rng.ms(500, 4_000),
                _ => rng.skewed_ms(10),
            };
            (latency, rng.percent(30), rng.percent(10))
        });
        self.process.step(name).await;
        let timed_out = Error::Timeout {
            operation: name,
            seconds: deadline.as_secs(),
        };
        if mood == Mood::Frozen {
            tokio::time::sleep(deadline).await;
            self.process.step(name).await;
            return Err(timed_out);
        }
        tokio::time::sleep(latency).await;
        if self.process.is_dead() {
            self.process.step(name).await;
        }
        let refuses = world.plan.has(Fault::EngineRefuses) && !world.healed.is_cancelled();
        if may_be_refused && refuses && refused {
            self.process.step(name).await;
            return Err(Error::Other {
                operation: name,
                why: "it was told to refuse".into(),
            });
        }
        let result = work.await;
        if mood == Mood::Deaf && deaf {
            tokio::time::sleep(deadline).await;
            self.process.step(name).await;
            return Err(timed_out);
        }
        self.process.step(name).await;
        result
    }
}

const LOOK: Duration = Duration::from_secs(15);
const LONG: Duration = Duration::from_secs(30);

impl Runtime for Connection {
    fn info(&self) -> BoxFuture<'_, Result<Info>> {
        Box::pin(self.operation("info", LOOK, false, self.engine().scripted.info()))
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        let deadline = Duration::from_secs(3);
        Box::pin(self.operation("ping", deadline, false, self.engine().scripted.ping()))
    }

    fn list<'a>(&'a self, node_id: &'a str) -> BoxFuture<'a, Result<Vec<Listed>>> {
        Box::pin(self.operation("list", LOOK, false, self.engine().scripted.list(node_id)))
    }

    fn inspect<'a>(&'a self, container: &'a str) -> BoxFuture<'a, Result<Container>> {
        let work = self.engine().scripted.inspect(container);
        Box::pin(self.operation("inspect", LOOK, false, work))
    }

    fn pull<'a>(&'a self, image: &'a str, progress: ProgressSink) -> BoxFuture<'a, Result<()>> {
        let work = self.engine().scripted.pull(image, progress);
        Box::pin(self.operation("pull", LONG, true, work))
    }

    fn create<'a>(&'a self, blueprint: &'a Blueprint) -> BoxFuture<'a, Result<String>> {
        let work = Box::pin(async move {
            let created = self.engine().scripted.create(blueprint).await;
            if created.is_ok() {
                let world = self.world();
                world.note(|| format!("{} creates {}", self.process.name, blueprint.name));
                lock(&world.checks).created(world, self.node, blueprint);
            }
            created
        });
        Box::pin(self.operation("create", LONG, true, work))
    }

    fn start<'a>(&'a self, container: &'a str) -> BoxFuture<'a, Result<()>> {
        let work = Box::pin(async move {
            if let Some(why) = self.port_clash(container).await {
                return Err(Error::PortTaken { why });
            }
            let started = self.engine().scripted.start(container).await;
            let inventory = self.engine().inventory();
            let named = |held: &&Held| held.id == container || held.name == container;
            if started.is_ok()
                && let Some(held) = inventory.iter().find(named)
            {
                let world = self.world();
                world.note(|| format!("{} starts {}", self.process.name, held.name));
                let generation = self.engine().generation();
                lock(&world.checks).started(world, self.node, generation, held);
            }
            started
        });
        Box::pin(self.operation("start", LONG, true, work))
    }

    fn stop<'a>(&'a self, container: &'a str, grace_seconds: u32) -> BoxFuture<'a, Result<()>> {
        let deadline = LONG + Duration::from_secs(grace_seconds.into());
        let work = Box::pin(async move {
            let inventory = self.engine().inventory();
            let named = |held: &&Held| held.id == container || held.name == container;
            if let Some(held) = inventory.iter().find(named) {
                let world = self.world();
                world.note(|| format!("{} stops {}", self.process.name, held.name));
                lock(&world.checks).stops(world, self.node, &self.process, held);
            }
            self.engine().scripted.stop(container, grace_seconds).await
        });
        Box::pin(self.operation("stop", deadline, false, work))
    }

    fn remove<'a>(&'a self, container: &'a str, force: bool) -> BoxFuture<'a, Result<()>> {
        let work = Box::pin(async move {
            let short = &container[container.len().saturating_sub(6)..];
            self.world()
                .note(|| format!("{} removes {short}", self.process.name));
            self.engine().scripted.remove(container, force).await
        });
        Box::pin(self.operation("remove", LONG, false, work))
    }

    fn logs(&self, container: &str, options: LogOptions) -> BoxStream<'static, Result<Bytes>> {
        self.engine().scripted.logs(container, options)
    }

    fn events(&self, node_id: &str) -> BoxStream<'static, Result<Event>> {
        let process = Arc::clone(&self.process);
        let node = self.node;
        let events = self.engine().scripted.events(node_id);
        stream::unfold((events, process), move |(mut events, process)| async move {
            loop {
                let event = events.next().await?;
                let world = &process.world;
                while world.engines[node].mood() == Mood::Frozen {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                if world.engines[node].mood() == Mood::Deaf && world.percent(50) {
                    continue;
                }
                process.step("an event").await;
                return Some((event, (events, process)));
            }
        })
        .boxed()
    }
}
