//! What must be when the faults are over and everybody had time: everything as it was asked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use podling::core::{Availability, Command, Monotonic, Now, State, Status, Task, TaskId, schedule};
use podling::worker::runtime::Phase;

use crate::users;
use crate::worker::{Host, node_id};
use crate::world::{World, lock};

/// Everybody has so long, after the last fault.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// And then everything stays as it is.
const CALM: Duration = Duration::from_secs(40);

/// Waits until all is as it should be, and says what is not when it does not come to be.
pub async fn reach(world: &Arc<World>) {
    let uncordoned = async {
        for node in 0..world.plan.nodes.len() {
            users::uncordon(world, node).await;
        }
    };
    if tokio::time::timeout(PATIENCE, uncordoned).await.is_err() {
        return world.wrong("an operator still waits for an answer");
    }
    let began = world.now_ms();
    let mut released = false;
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let waited = Duration::from_millis(world.now_ms() - began);
        let state = world.network.master();
        let state = state.map(|(_, cluster)| cluster.read(State::clone));
        let braked = state.as_ref().is_some_and(|state| state.brake().is_some());
        if braked && waited.as_secs() > 60 && !released {
            // Hosts that never come back: an operator has to say so.
            released = true;
            let release = users::operate(world, Command::ReleaseBrake);
            // Who is not answered still finds the brake on below.
            let _ = tokio::time::timeout(PATIENCE, release).await;
        }
        let right = match &state {
            Some(state) => look(world, state),
            None => Err("there is no master".into()),
        };
        match right {
            Ok(()) => break,
            Err(why) if waited > PATIENCE => {
                return world.wrong(format!("after {} s of calm: {why}", waited.as_secs()));
            }
            Err(_) => {}
        }
    }
    world.note(|| "everything is as it should be".into());
    tokio::time::sleep(CALM).await;
    // A container that is started again and again may be in the middle of that; and what waited,
    // rightly, may have found room in the calm: the longest job takes 45 s.
    let mut last = Ok(());
    for _ in 0..80 {
        let Some((_, cluster)) = world.network.master() else {
            return world.wrong("the master ended in the calm");
        };
        last = look(world, &cluster.read(State::clone));
        if last.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    if let Err(why) = last {
        world.wrong(format!("it did not stay as it should be: {why}"));
    }
}

fn look(world: &World, state: &State) -> Result<(), String> {
    for node in 0..world.plan.nodes.len() {
        let worker = world.network.worker(node);
        let closing = worker
            .as_ref()
            .is_some_and(|(it, _)| it.term.is_cancelled());
        if closing || worker.is_none() && world.hosts(node) == Host::There {
            return Err(format!(
                "the worker of n{node} is not there, or about to end"
            ));
        }
    }
    is_stored(world, state)?;
    if state.brake().is_some() {
        return Err("the brake holds".into());
    }
    for node in 0..world.plan.nodes.len() {
        node_is_right(world, state, node)?;
    }
    wishes_are_fulfilled(world, state)?;
    for task in state.tasks() {
        task_is_right(world, state, task)?;
    }
    containers_are_right(world, state)
}

/// Invariant 5, when nothing is on its way.
fn is_stored(world: &World, state: &State) -> Result<(), String> {
    let stored = world.disk.stored();
    let last = stored.snapshot.last_event;
    let writes = stored.snapshot.clone().into_writes();
    let loaded = State::load(state.policy().clone(), writes, last, Now::default());
    match loaded == *state {
        true => Ok(()),
        false => Err("memory is not what is stored".into()),
    }
}

fn node_is_right(world: &World, state: &State, node: usize) -> Result<(), String> {
    let id = node_id(node);
    let record = state.node(&id.as_str().into());
    let online = record.is_some_and(|node| node.availability == Availability::Online);
    match (world.hosts(node), record) {
        (Host::Off, _) if online => Err(format!("{id} is lost, and called online")),
        (Host::Off, _) => Ok(()),
        (Host::There, Some(record)) if record.is_ready() => Ok(()),
        (Host::There, Some(record)) => Err(format!(
            "{id} is not ready: {:?} {:?} {:?} {:?}",
            record.availability, record.drain, record.degraded, record.unreachable
        )),
        (Host::There, None) => Err(format!("{id} is not registered")),
    }
}

/// This moment, for rules that ask who is silent.
fn at(world: &World) -> Now {
    Now {
        mono: Monotonic(world.now_ms()),
        ..Now::default()
    }
}

fn wishes_are_fulfilled(world: &World, state: &State) -> Result<(), String> {
    let wishes = lock(&world.wishes).clone();
    for (key, wish) in wishes {
        let Some(id) = &wish.id else {
            return Err(format!("{key} is not answered"));
        };
        if wish.remove != wish.remove_answered || wish.stop != wish.stop_answered {
            return Err(format!("{key}: a user still waits for an answer"));
        }
        let id = TaskId::from(id.as_str());
        match state.task(&id) {
            Some(_) if wish.remove => return Err(format!("{id} is to go and is there")),
            Some(task) if wish.stop && !task.status.is_ended() => {
                return Err(format!("{id} is to end and is {:?}", task.status));
            }
            Some(_) => {}
            // Once ended it may age out or be pruned.
            None if lock(&world.checks).is_gone(&id) => {}
            None => return Err(format!("{id} was acknowledged and is lost")),
        }
    }
    Ok(())
}

fn task_is_right(world: &World, state: &State, task: &Task) -> Result<(), String> {
    let id = &task.id;
    let ends = !matches!(&*task.spec.image, "service" | "stubborn");
    match task.status {
        Status::Pending => match schedule::place(state, &task.spec, at(world)) {
            Ok(node) => Err(format!("{id} is pending, and fits on {node}")),
            Err(why) if schedule::same_refusal(&why, &task.reason) => Ok(()),
            Err(why) => Err(format!("{id} waits because {:?}, not {why:?}", task.reason)),
        },
        Status::Scheduled => Err(format!("{id} is scheduled: {}", task.reason)),
        Status::Running => {
            let goes_on = matches!(
                (&*task.spec.image, task.spec.restart_policy),
                ("service" | "stubborn", _)
                    | (
                        "failing" | "flapping",
                        podling::core::RestartPolicy::OnFailure
                    )
            );
            match goes_on {
                true => Ok(()),
                false => Err(format!("{id} ({}) still runs", task.spec.name)),
            }
        }
        Status::Completed if ends => Ok(()),
        Status::Completed => Err(format!("{id} ({}) never ends, and did", task.spec.name)),
        Status::Stopped => {
            let asked = lock(&world.wishes)
                .values()
                .any(|wish| wish.id.as_deref() == Some(id.as_str()) && (wish.stop || wish.remove));
            match asked {
                true => Ok(()),
                false => Err(format!("{id} is stopped, and nobody asked for it")),
            }
        }
        Status::Failed => failed_rightly(world, task),
    }
}

/// A failure has a cause: the task's own, its `maxAttempts`, or somebody from outside.
fn failed_rightly(world: &World, task: &Task) -> Result<(), String> {
    use crate::plan::Fault::{ContainerKilled, EngineRefuses, HostLost};
    let own = matches!(&*task.spec.image, "failing" | "flapping") && task.exit_code().is_some();
    let used_up = task.spec.max_attempts.is_some() && task.reason.contains("maxAttempts");
    let killed = world.plan.has(ContainerKilled) && task.exit_code() == Some(137);
    let lost = world.plan.has(HostLost) && task.reason.contains("removed from outside");
    let refused = world.plan.has(EngineRefuses) && task.reason.contains("told to refuse");
    match own || used_up || killed || lost || refused {
        true => Ok(()),
        false => Err(format!(
            "{} ({}) failed: {}",
            task.id, task.spec.name, task.reason
        )),
    }
}

/// Exactly the right containers are where they should be.
fn containers_are_right(world: &World, state: &State) -> Result<(), String> {
    let mut running: BTreeMap<String, usize> = BTreeMap::new();
    for node in 0..world.plan.nodes.len() {
        if world.hosts(node) == Host::Off {
            continue;
        }
        for held in world.engines[node].inventory() {
            let Some(identity) = held.identity else {
                continue;
            };
            let name = &held.name;
            let Some(task) = state.task(&identity.task_id.as_str().into()) else {
                return Err(format!("n{node} has {name}, which belongs to no task"));
            };
            let right = task.attempt == identity.attempt
                && task
                    .node
                    .as_ref()
                    .is_some_and(|on| on.as_str() == node_id(node));
            let runs = held.phase == Phase::Running;
            if !right {
                return Err(format!("n{node} has {name}, which belongs elsewhere"));
            }
            if runs && task.status != Status::Running {
                return Err(format!("n{node} runs {name}, which is {:?}", task.status));
            }
            if runs {
                *running.entry(identity.task_id).or_default() += 1;
            }
        }
    }
    for task in state.tasks() {
        let count = running.get(task.id.as_str()).copied().unwrap_or_default();
        let never_ends = matches!(&*task.spec.image, "service" | "stubborn");
        if task.status == Status::Running && never_ends && count != 1 {
            return Err(format!("{} runs {count} times", task.id));
        }
    }
    Ok(())
}
