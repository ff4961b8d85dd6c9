//! The durable store of a history: what is in it survives every master. It behaves as the real ones
//! do (an epoch that fences, all or nothing) and fails in the ways they may.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use podling::core::{Node, NodeId, Task, TaskId};
use podling::store::{Batch, Error, Memory, Snapshot, Store};

use crate::process::Process;
use crate::world::{World, lock};

/// How the store behaves now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    #[default]
    Fine,
    /// Every operation takes so many milliseconds.
    Slow(u64),
    /// Some fail before their effect, some after it.
    Flaky,
    /// Nothing comes back.
    Hanging,
    /// Refused at once.
    Away,
}

pub struct Disk {
    inner: Mutex<Inner>,
}

struct Inner {
    mood: Mood,
    /// The handle opened last: the only one that may write.
    newest: Arc<Memory>,
    stored: Arc<Stored>,
    /// Sent by a process that does not know whether it came to be: settled before anything else.
    in_doubt: Option<(Arc<Memory>, Batch)>,
}

/// What is durable, as the checks look at it.
#[derive(Default)]
pub struct Stored {
    pub tasks: BTreeMap<TaskId, Arc<Task>>,
    pub nodes: BTreeMap<NodeId, Arc<Node>>,
    pub snapshot: Snapshot,
}

impl Default for Disk {
    fn default() -> Self {
        Self {
            inner: Mutex::new(Inner {
                mood: Mood::Fine,
                newest: Arc::new(Memory::new()),
                stored: Arc::default(),
                in_doubt: None,
            }),
        }
    }
}

impl Disk {
    pub fn set(&self, mood: Mood) {
        lock(&self.inner).mood = mood;
    }

    pub fn stored(&self) -> Arc<Stored> {
        Arc::clone(&lock(&self.inner).stored)
    }

    fn mood(&self) -> Mood {
        lock(&self.inner).mood
    }
}

impl Stored {
    fn of(snapshot: Snapshot) -> Self {
        let tasks = snapshot
            .tasks
            .iter()
            .map(|task| (task.id.clone(), task.clone()));
        let nodes = snapshot
            .nodes
            .iter()
            .map(|node| (node.id.clone(), node.clone()));
        Self {
            tasks: tasks.collect(),
            nodes: nodes.collect(),
            snapshot,
        }
    }
}

/// What a store in memory is asked is done at once.
fn now<T>(future: BoxFuture<'_, T>) -> T {
    future.now_or_never().expect("it does not wait")
}

/// One process's handle on the disk.
pub struct Handle {
    world: Arc<World>,
    process: Arc<Process>,
    memory: Arc<Memory>,
}

impl Handle {
    /// Takes the store for this process alone: every other handle is fenced from now on.
    pub async fn open(process: &Arc<Process>) -> Result<Self, Error> {
        let world = Arc::clone(&process.world);
        process.step("opens the store").await;
        latency(&world).await?;
        settle_doubt(&world);
        let memory = {
            let mut inner = lock(&world.disk.inner);
            inner.newest = Arc::new(inner.newest.reopen());
            Arc::clone(&inner.newest)
        };
        process.step("opened the store").await;
        Ok(Self {
            world,
            process: Arc::clone(process),
            memory,
        })
    }

    async fn write(&self, batch: &Batch) -> Result<(), Error> {
        self.process.step("commits").await;
        let in_doubt = InDoubt {
            world: &self.world,
            write: Some((Arc::clone(&self.memory), batch.clone())),
        };
        let begun = latency(&self.world).await;
        if let Err(error) = begun {
            // Failed; whether before or after it came to be, nobody knows.
            drop(in_doubt);
            self.process.step("failed to commit").await;
            return Err(error);
        }
        in_doubt.settled();
        settle_doubt(&self.world);
        let done = apply(&self.world, &self.memory, batch, &self.process.name);
        self.process.step("committed").await;
        let lost = self.world.percent(20);
        if self.world.disk.mood() == Mood::Flaky && lost && done.is_ok() {
            return Err(Error::Unavailable(
                "the answer of the store was lost".into(),
            ));
        }
        done
    }
}

/// What every operation meets before it has an effect.
async fn latency(world: &World) -> Result<(), Error> {
    let (usual, fails) = world.draw(|rng| (rng.ms(0, 4), rng.percent(40)));
    let unavailable = |why: &str| Err(Error::Unavailable(why.into()));
    match world.disk.mood() {
        Mood::Fine => tokio::time::sleep(usual).await,
        Mood::Slow(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Mood::Away => {
            tokio::time::sleep(usual).await;
            return unavailable("the store is away");
        }
        Mood::Flaky => {
            tokio::time::sleep(usual).await;
            if fails {
                return unavailable("the store failed");
            }
        }
        Mood::Hanging => {
            // Until somebody ends it, and then it has failed.
            while world.disk.mood() == Mood::Hanging {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            return unavailable("the connection to the store was lost");
        }
    }
    Ok(())
}

/// A commit that is cut off in the middle, by its process's death or patience.
struct InDoubt<'a> {
    world: &'a Arc<World>,
    write: Option<(Arc<Memory>, Batch)>,
}

impl InDoubt<'_> {
    fn settled(mut self) {
        self.write = None;
    }
}

impl Drop for InDoubt<'_> {
    fn drop(&mut self) {
        if let Some((memory, batch)) = self.write.take()
            && !batch.is_empty()
        {
            lock(&self.world.disk.inner).in_doubt = Some((memory, batch));
        }
    }
}

/// A commit nobody waited for: it came to be, or it did not.
fn settle_doubt(world: &Arc<World>) {
    let in_doubt = lock(&world.disk.inner).in_doubt.take();
    if let Some((memory, batch)) = in_doubt
        && world.percent(50)
    {
        let _fenced = apply(world, &memory, &batch, "a commit in doubt");
    }
}

fn apply(world: &Arc<World>, memory: &Memory, batch: &Batch, who: &str) -> Result<(), Error> {
    now(memory.commit(batch))?;
    if batch.is_empty() {
        return Ok(());
    }
    if !std::ptr::eq(memory, Arc::as_ptr(&lock(&world.disk.inner).newest)) {
        world.wrong(format!(
            "{who} has written although another master took over"
        ));
    }
    let after = Arc::new(Stored::of(now(memory.load())?));
    let before = std::mem::replace(&mut lock(&world.disk.inner).stored, Arc::clone(&after));
    world.note(|| {
        format!(
            "{who} commits up to event {} (tasks {:?}, gone {:?}, nodes {:?})",
            batch.last_event,
            batch
                .put_tasks
                .iter()
                .map(|t| t.spec.name.as_str())
                .collect::<Vec<_>>(),
            batch.remove_tasks,
            batch
                .put_nodes
                .iter()
                .map(|n| n.id.as_str())
                .collect::<Vec<_>>(),
        )
    });
    lock(&world.checks).committed(world, &before, &after);
    Ok(())
}

impl Store for Handle {
    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>> {
        async move {
            self.process.step("loads").await;
            latency(&self.world).await?;
            self.process.step("loaded").await;
            self.memory.load().await
        }
        .boxed()
    }

    fn commit<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Error>> {
        self.write(batch).boxed()
    }

    fn describe(&self) -> String {
        "simulated".into()
    }
}
