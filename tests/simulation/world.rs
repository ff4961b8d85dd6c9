//! What all parts of a history share: time, chance, the journal, and the first thing that was wrong.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use podling::clock::{Clock, SharedClock};
use podling::core::{Monotonic, Now, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::checks::Checks;
use crate::disk::Disk;
use crate::engine::Engine;
use crate::network::Network;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::users::Wishes;
use crate::worker::Host;

/// Wall clocks begin here: the first of January 2026.
const EPOCH_MS: i64 = 1_767_225_600_000;

pub struct World {
    pub plan: Plan,
    pub verbose: bool,
    pub network: Network,
    pub disk: Disk,
    pub engines: Vec<Engine>,
    pub checks: Mutex<Checks>,
    pub wishes: Mutex<Wishes>,
    /// Cancelled when something was wrong: the history ends there.
    pub over: CancellationToken,
    /// Cancelled when the time of faults is over.
    pub healed: CancellationToken,
    started: tokio::time::Instant,
    chance: Mutex<Rng>,
    clock_chance: Mutex<Rng>,
    journal: Mutex<Journal>,
    violation: Mutex<Option<String>>,
    /// How far off which wall clock is: the master's, then each node's.
    wall_offsets_ms: Mutex<Vec<i64>>,
    hosts: Mutex<Vec<Host>>,
}

#[derive(Default)]
struct Journal {
    lines: Vec<String>,
    hash: u64,
    count: u64,
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub fn new(plan: Plan, verbose: bool) -> Arc<Self> {
        // Not the numbers the plan was made of.
        let mut rng = Rng::new(plan.seed ^ 0x5151_5151_5151_5151);
        let nodes = plan.nodes.len();
        Arc::new(Self {
            verbose,
            network: Network::new(&plan),
            disk: Disk::default(),
            engines: (0..nodes).map(Engine::new).collect(),
            checks: Mutex::default(),
            wishes: Mutex::default(),
            over: CancellationToken::new(),
            healed: CancellationToken::new(),
            started: tokio::time::Instant::now(),
            clock_chance: Mutex::new(rng.fork()),
            chance: Mutex::new(rng),
            journal: Mutex::default(),
            violation: Mutex::default(),
            wall_offsets_ms: Mutex::new(vec![0; nodes + 1]),
            hosts: Mutex::new(vec![Host::There; nodes]),
            plan,
        })
    }

    pub fn now_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    pub fn draw<R>(&self, draw: impl FnOnce(&mut Rng) -> R) -> R {
        draw(&mut lock(&self.chance))
    }

    pub fn percent(&self, chance: u64) -> bool {
        self.draw(|rng| rng.percent(chance))
    }

    /// Waits for a while; ends early when the time of faults is over.
    pub async fn while_in_trouble(&self, low_ms: u64, high_ms: u64) -> bool {
        let wait = self.draw(|rng| rng.ms(low_ms, high_ms));
        let healed = self.healed.run_until_cancelled(tokio::time::sleep(wait));
        healed.await.is_some()
    }

    /// Notes what happened. Every note goes into the history's hash.
    pub fn note(&self, what: impl FnOnce() -> String) {
        let now = self.now_ms();
        let chance = {
            let rng = lock(&self.chance).clone();
            Rng::next(&mut { rng })
        };
        let mut journal = lock(&self.journal);
        journal.count += 1;
        let mixed = journal.hash.rotate_left(5) ^ now ^ chance ^ journal.count;
        journal.hash = mixed.wrapping_mul(0x0100_0000_01b3);
        if self.verbose {
            let line = format!("{:>4}.{:03}  {}", now / 1000, now % 1000, what());
            journal.lines.push(line);
        }
    }

    /// Something is wrong. Only the first one counts.
    pub fn wrong(&self, what: impl Into<String>) {
        let what = what.into();
        self.note(|| format!("WRONG: {what}"));
        lock(&self.violation).get_or_insert(what);
        self.over.cancel();
    }

    pub fn violation(&self) -> Option<String> {
        lock(&self.violation).clone()
    }

    /// The hash of everything that was noted, and how much that was.
    pub fn digest(&self) -> (u64, u64) {
        let journal = lock(&self.journal);
        (journal.hash, journal.count)
    }

    pub fn lines(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.journal).lines)
    }

    /// Sets a wall clock off by so much; 0 is the master's.
    pub fn set_wall(&self, whose: usize, offset_ms: i64) {
        lock(&self.wall_offsets_ms)[whose] = offset_ms;
    }

    pub fn hosts(&self, node: usize) -> Host {
        lock(&self.hosts)[node]
    }

    pub fn set_host(&self, node: usize, host: Host) {
        lock(&self.hosts)[node] = host;
    }

    /// The clock of the master (0) or of a node (from 1 on).
    pub fn clock(self: &Arc<Self>, whose: usize) -> SharedClock {
        Arc::new(SimulatedClock {
            world: Arc::clone(self),
            whose,
        })
    }
}

struct SimulatedClock {
    world: Arc<World>,
    whose: usize,
}

impl Clock for SimulatedClock {
    fn now(&self) -> Now {
        let ms = self.world.now_ms();
        let offset = lock(&self.world.wall_offsets_ms)[self.whose];
        Now {
            wall: Timestamp(EPOCH_MS + ms as i64 + offset),
            mono: Monotonic(ms),
            random: lock(&self.world.clock_chance).next(),
        }
    }
}
