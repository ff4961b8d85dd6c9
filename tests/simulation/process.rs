//! A process of a history: whatever it does to the outside is a step, and before each step it may be
//! dead or frozen. What a dead process still tries never happens.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use crate::world::{World, lock};

/// So much no process of a small cluster has to say.
const MOST_PER_SECOND: u32 = 150;

pub struct Process {
    pub world: Arc<World>,
    pub name: String,
    pub since_ms: u64,
    /// Cancelled at its death.
    pub died: CancellationToken,
    /// SIGTERM.
    pub term: CancellationToken,
    frozen: AtomicBool,
    thawed: tokio::sync::Notify,
    /// Steps until it dies; below zero: none is counted.
    steps_left: AtomicI64,
    /// What it said to others within this second: which second, and how much.
    said: Mutex<(u64, u32)>,
}

impl Process {
    pub fn new(world: &Arc<World>, name: String) -> Arc<Self> {
        world.note(|| format!("{name} begins"));
        Arc::new(Self {
            world: Arc::clone(world),
            name,
            since_ms: world.now_ms(),
            died: CancellationToken::new(),
            term: CancellationToken::new(),
            frozen: AtomicBool::new(false),
            thawed: tokio::sync::Notify::new(),
            steps_left: AtomicI64::new(-1),
            said: Mutex::default(),
        })
    }

    pub fn is_dead(&self) -> bool {
        self.died.is_cancelled()
    }

    pub fn kill(&self, why: &str) {
        if !self.is_dead() {
            self.world
                .note(|| format!("{} is killed ({why})", self.name));
            self.died.cancel();
        }
    }

    pub fn kill_after_steps(&self, steps: u64) {
        self.steps_left.store(steps as i64, Relaxed);
    }

    pub fn freeze(&self) {
        self.world.note(|| format!("{} freezes", self.name));
        self.frozen.store(true, Relaxed);
    }

    pub fn thaw(&self) {
        if self.frozen.swap(false, Relaxed) {
            self.world.note(|| format!("{} goes on", self.name));
            self.thawed.notify_waiters();
        }
    }

    /// It sends a message. One that talks without end would drown the others.
    pub fn talks(&self, what: &str) {
        let second = self.world.now_ms() / 1_000;
        let mut said = lock(&self.said);
        if said.0 != second {
            *said = (second, 0);
        }
        said.1 += 1;
        if said.1 > MOST_PER_SECOND {
            self.world.wrong(format!(
                "{} has sent {MOST_PER_SECOND} messages in a second, the last one: {what}",
                self.name
            ));
        }
    }

    /// Something happens between it and the outside: returns when it may, and never when it is dead.
    pub async fn step(&self, what: &str) {
        lock(&self.world.checks).memory(&self.world);
        let in_trouble = !self.world.healed.is_cancelled();
        if in_trouble && !self.is_dead() && self.steps_left.load(Relaxed) > 0 {
            let left = self.steps_left.fetch_sub(1, Relaxed);
            if left == 1 {
                self.kill(what);
            }
        }
        while self.frozen.load(Relaxed) && !self.is_dead() {
            self.thawed.notified().await;
        }
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }
}
