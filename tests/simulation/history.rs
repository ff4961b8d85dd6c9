//! One history from its seed to its end, on one thread, in time that nobody waits for.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::plan::Plan;
use crate::world::World;
use crate::{end, faults, master, users, worker};

/// Users are answered within so long after the last fault.
const PATIENCE: Duration = Duration::from_secs(300);

/// How a history went.
pub struct Told {
    pub seed: u64,
    pub violation: Option<String>,
    /// The same for the same seed, always.
    pub hash: u64,
    pub steps: u64,
    pub virtual_ms: u64,
    /// Every step, when it was asked for.
    pub lines: Vec<String>,
}

pub fn run(seed: u64, verbose: bool) -> Told {
    run_plan(Plan::of(seed), verbose)
}

pub fn run_plan(plan: Plan, verbose: bool) -> Told {
    let seed = plan.seed;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let world = World::new(plan, verbose);
        world.note(|| format!("seed {seed}: {:?}", world.plan));
        let over = world.over.clone();
        over.run_until_cancelled(tell(&world)).await;
        let (hash, steps) = world.digest();
        Told {
            seed,
            violation: world.violation(),
            hash,
            steps,
            virtual_ms: world.now_ms(),
            lines: world.lines(),
        }
    })
}

async fn tell(world: &Arc<World>) {
    tokio::spawn(master::keep_going(Arc::clone(world)));
    for node in 0..world.plan.nodes.len() {
        tokio::spawn(worker::keep_going(Arc::clone(world), node));
    }
    let mut users = JoinSet::new();
    for number in 0..world.plan.tasks {
        let world = Arc::clone(world);
        users.spawn(async move {
            world.while_in_trouble(0, 60_000).await;
            users::one(world, number).await;
        });
    }
    let faults = faults::begin(world);
    tokio::time::sleep(world.plan.trouble).await;
    let answered = async {
        faults::heal(world, faults).await;
        users.join_all().await;
    };
    match tokio::time::timeout(PATIENCE, answered).await {
        Ok(()) => end::reach(world).await,
        Err(_) => world.wrong("users still wait for an answer"),
    }
}
