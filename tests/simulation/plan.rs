//! What a seed decides before anything happens: how large the cluster is, what it is asked, and
//! which kinds of fault may befall it. Not every history has every fault: some bugs hide behind
//! others' noise.

use std::time::Duration;

use podling::core::{Policy, Strategy};

use crate::rng::Rng;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The master's process ends at some moment.
    MasterKilled,
    /// The master's process ends just before or after something it does to the outside.
    MasterKilledAtStep,
    /// SIGTERM to the master.
    MasterStopped,
    /// The master freezes, another is started on the same store, and then it wakes up.
    MasterDoubled,
    WorkerKilled,
    WorkerKilledAtStep,
    /// SIGTERM to a worker.
    WorkerStopped,
    /// A worker freezes for a while.
    WorkerPaused,
    /// A host goes with all its containers, and perhaps comes back empty.
    HostLost,
    /// Messages are lost, doubled and late.
    Unreliable,
    /// A node and the master are cut off from each other, in one direction or both.
    Cut,
    /// Most nodes at once.
    MassCut,
    /// Commits fail, before or after their effect, hang, or take long.
    Store,
    /// An engine is away, frozen, or loses its answers.
    Engine,
    /// An engine refuses what it is asked: tasks may fail by it.
    EngineRefuses,
    /// Somebody kills a container.
    ContainerKilled,
    /// Wall clocks are set back and forth.
    WallClock,
    /// An operator drains nodes and lets them take tasks again.
    Drained,
    /// An operator forgets offline nodes, prunes, releases the brake.
    Operated,
}

pub const FAULTS: [Fault; 19] = [
    Fault::MasterKilled,
    Fault::MasterKilledAtStep,
    Fault::MasterStopped,
    Fault::MasterDoubled,
    Fault::WorkerKilled,
    Fault::WorkerKilledAtStep,
    Fault::WorkerStopped,
    Fault::WorkerPaused,
    Fault::HostLost,
    Fault::Unreliable,
    Fault::Cut,
    Fault::MassCut,
    Fault::Store,
    Fault::Engine,
    Fault::EngineRefuses,
    Fault::ContainerKilled,
    Fault::WallClock,
    Fault::Drained,
    Fault::Operated,
];

#[derive(Debug, Clone)]
pub struct NodePlan {
    pub slots: Option<u32>,
    pub cpu: Option<u64>,
    pub memory: Option<u64>,
    pub heartbeat: Duration,
    pub leave_running: bool,
    pub shutdown_timeout: Duration,
}

#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub nodes: Vec<NodePlan>,
    pub policy: Policy,
    pub faults: Vec<Fault>,
    /// For so long there are faults, and then none.
    pub trouble: Duration,
    pub tasks: u64,
    pub commit_timeout: Duration,
    pub give_up_after: Duration,
}

impl Plan {
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let chance = *rng.pick(&[15, 30, 50]);
        Self::with(seed, rng, chance)
    }

    /// One with most kinds of fault.
    #[cfg(debug_assertions)]
    pub fn harsh(seed: u64) -> Self {
        Self::with(seed, Rng::new(seed), 70)
    }

    fn with(seed: u64, mut rng: Rng, chance: u64) -> Self {
        let faults = FAULTS.into_iter().filter(|_| rng.percent(chance)).collect();
        let scarce = rng.percent(60);
        let heartbeat = Duration::from_secs(*rng.pick(&[2, 5, 30]));
        let nodes = (0..rng.between(2, 5))
            .map(|_| NodePlan {
                slots: rng.percent(70).then(|| match scarce {
                    true => rng.between(1, 3) as u32,
                    false => rng.between(3, 10) as u32,
                }),
                cpu: rng.percent(50).then(|| rng.between(1, 4) * 1000),
                memory: rng.percent(50).then(|| rng.between(1, 4) << 30),
                heartbeat,
                leave_running: rng.percent(25),
                shutdown_timeout: rng.ms(2_000, 20_000),
            })
            .collect();
        let node_timeout_ms = *rng.pick(&[3_000, 8_000, 15_000]);
        Self {
            seed,
            nodes,
            policy: Policy {
                strategy: *rng.pick(&[Strategy::Spread, Strategy::BinPack]),
                node_timeout_ms,
                probe_after_ms: node_timeout_ms / 3,
                ended_task_ttl_ms: rng.percent(30).then_some(60_000),
                event_ring: 64,
            },
            faults,
            trouble: rng.ms(30_000, 150_000),
            tasks: rng.between(5, 25),
            commit_timeout: Duration::from_secs(5),
            give_up_after: Duration::from_secs(*rng.pick(&[10, 30])),
        }
    }

    pub fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }
}
