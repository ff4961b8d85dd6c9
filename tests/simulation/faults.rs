//! Who makes trouble: one loop for each kind of fault, until the time of faults is over.

use std::sync::Arc;

use podling::core::Command;
use podling::worker::runtime::Phase;
use tokio::task::JoinSet;

use crate::network::{State, Way};
use crate::plan::Fault;
use crate::process::Process;
use crate::worker::Host;
use crate::world::World;
use crate::{disk, engine, master, users};

/// Everything that goes wrong by itself.
pub fn begin(world: &Arc<World>) -> JoinSet<()> {
    let mut loops = JoinSet::new();
    for fault in world.plan.faults.clone() {
        let world = Arc::clone(world);
        loops.spawn(async move { again_and_again(&world, fault).await });
    }
    loops
}

async fn again_and_again(world: &Arc<World>, fault: Fault) {
    while world.while_in_trouble(1_000, 40_000).await {
        once(world, fault).await;
    }
}

fn any_node(world: &World) -> usize {
    world.draw(|rng| rng.below(world.plan.nodes.len() as u64)) as usize
}

fn the_master(world: &World) -> Option<Arc<Process>> {
    world.network.master().map(|(process, _)| process)
}

fn any_worker(world: &World) -> Option<(usize, Arc<Process>)> {
    let node = any_node(world);
    Some((node, world.network.worker(node)?.0))
}

async fn once(world: &Arc<World>, fault: Fault) {
    match fault {
        Fault::MasterKilled => {
            if let Some(master) = the_master(world) {
                master.kill("at some moment");
            }
        }
        Fault::MasterKilledAtStep => {
            if let Some(master) = the_master(world) {
                master.kill_after_steps(world.draw(|rng| rng.between(1, 60)));
            }
        }
        Fault::MasterStopped => {
            if let Some(master) = the_master(world) {
                world.note(|| format!("SIGTERM to {}", master.name));
                master.term.cancel();
            }
        }
        Fault::MasterDoubled => double_the_master(world).await,
        Fault::WorkerKilled => {
            if let Some((_, worker)) = any_worker(world) {
                worker.kill("at some moment");
            }
        }
        Fault::WorkerKilledAtStep => {
            if let Some((_, worker)) = any_worker(world) {
                worker.kill_after_steps(world.draw(|rng| rng.between(1, 40)));
            }
        }
        Fault::WorkerStopped => {
            if let Some((_, worker)) = any_worker(world) {
                world.note(|| format!("SIGTERM to {}", worker.name));
                worker.term.cancel();
            }
        }
        Fault::WorkerPaused => {
            if let Some((_, worker)) = any_worker(world) {
                worker.freeze();
                world.while_in_trouble(1_000, 30_000).await;
                worker.thaw();
            }
        }
        Fault::HostLost => lose_a_host(world).await,
        Fault::Unreliable => {}
        Fault::Cut => {
            let node = any_node(world);
            cut(world, &[node]).await;
        }
        Fault::MassCut => {
            let nodes: Vec<usize> = (0..world.plan.nodes.len()).collect();
            let most = nodes.len() / 2 + 1;
            cut(world, &nodes[..most]).await;
        }
        Fault::Store => {
            let mood = world.draw(|rng| match rng.below(4) {
                0 => disk::Mood::Slow(rng.between(50, 3_000)),
                1 => disk::Mood::Flaky,
                2 => disk::Mood::Hanging,
                _ => disk::Mood::Away,
            });
            world.note(|| format!("the store is {mood:?}"));
            world.disk.set(mood);
            world.while_in_trouble(500, 20_000).await;
            world.note(|| "the store is fine".into());
            world.disk.set(disk::Mood::Fine);
        }
        Fault::Engine => {
            let node = any_node(world);
            let mood = world.draw(|rng| {
                *rng.pick(&[
                    engine::Mood::Slow,
                    engine::Mood::Away,
                    engine::Mood::Frozen,
                    engine::Mood::Deaf,
                ])
            });
            world.note(|| format!("the engine of n{node} is {mood:?}"));
            world.engines[node].set(mood);
            world.while_in_trouble(500, 30_000).await;
            world.note(|| format!("the engine of n{node} is fine"));
            world.engines[node].set(engine::Mood::Fine);
        }
        Fault::EngineRefuses => {}
        Fault::ContainerKilled => {
            let engine = &world.engines[any_node(world)];
            let running = engine
                .inventory()
                .into_iter()
                .filter(|held| held.phase == Phase::Running);
            let tasks: Vec<String> = running
                .filter_map(|held| Some(held.identity?.task_id))
                .collect();
            if !tasks.is_empty() {
                let task = world.draw(|rng| rng.pick(&tasks).clone());
                world.note(|| format!("somebody kills the container of {task}"));
                engine.scripted.kill(&task);
            }
        }
        Fault::WallClock => {
            let (whose, offset) = world.draw(|rng| {
                let whose = rng.below(world.plan.nodes.len() as u64 + 1);
                (whose as usize, rng.between(0, 7_200_000) as i64 - 3_600_000)
            });
            world.note(|| format!("wall clock {whose} is off by {offset} ms"));
            world.set_wall(whose, offset);
        }
        Fault::Drained => {
            let node = any_node(world);
            let deadline = world.draw(|rng| *rng.pick(&[0, 0, 5, 60]));
            users::drain(world, node, deadline).await;
            world.while_in_trouble(1_000, 40_000).await;
            users::uncordon(world, node).await;
        }
        Fault::Operated => {
            let node = any_node(world);
            let command = world.draw(|rng| match rng.below(3) {
                0 => Command::Prune,
                1 => users::forget(node),
                _ => Command::ReleaseBrake,
            });
            users::operate(world, command).await;
        }
    }
}

/// The master freezes; another is started on the same store; then the first wakes up and is two.
async fn double_the_master(world: &Arc<World>) {
    let Some(first) = the_master(world) else {
        return;
    };
    first.freeze();
    world.while_in_trouble(200, 5_000).await;
    if first.is_dead() {
        return;
    }
    let second = Process::new(world, "second master".into());
    let living = {
        let second = Arc::clone(&second);
        tokio::spawn(async move { master::live(&second).await })
    };
    world.while_in_trouble(200, 15_000).await;
    first.thaw();
    // Both at once, and then the second leaves the field to the one the init system starts.
    world.while_in_trouble(200, 15_000).await;
    second.kill("its time is over");
    drop(living.await);
}

async fn lose_a_host(world: &Arc<World>) {
    let node = any_node(world);
    let alive = (0..world.plan.nodes.len()).filter(|node| world.hosts(*node) == Host::There);
    if world.hosts(node) == Host::Off || alive.count() < 2 {
        return;
    }
    world.note(|| format!("host {node} is lost with everything on it"));
    world.set_host(node, Host::Off);
    if let Some((worker, _)) = world.network.worker(node) {
        worker.kill("its host is lost");
    }
    world.engines[node].wipe();
    world.while_in_trouble(1_000, 60_000).await;
    // Some never come back.
    if world.percent(70) {
        world.note(|| format!("host {node} is back, empty"));
        world.set_host(node, Host::There);
    }
}

async fn cut(world: &Arc<World>, nodes: &[usize]) {
    let (state, to_master, to_node) = world.draw(|rng| {
        let state = match rng.below(4) {
            0 => State::Lossy(30),
            1 => State::Flapping,
            _ => State::Down,
        };
        match rng.below(4) {
            0 => (state, true, false),
            1 => (state, false, true),
            _ => (state, true, true),
        }
    });
    world.note(|| format!("{nodes:?}: {state:?} to the master {to_master}, to the node {to_node}"));
    for node in nodes {
        if to_master {
            world.network.set(Way::ToMaster(*node), state);
        }
        if to_node {
            world.network.set(Way::ToNode(*node), state);
        }
    }
    world.while_in_trouble(1_000, 45_000).await;
    world.note(|| format!("{nodes:?}: up again"));
    for node in nodes {
        world.network.set(Way::ToMaster(*node), State::Up);
        world.network.set(Way::ToNode(*node), State::Up);
    }
}

/// Everything works again; hosts that were lost for good stay lost.
pub async fn heal(world: &Arc<World>, loops: JoinSet<()>) {
    world.note(|| "the time of faults is over".into());
    world.healed.cancel();
    // The loops see it, and end what they began.
    loops.join_all().await;
}
