//! Users: submit, stop, remove, and insist until they are answered. What they wished for is kept, to
//! be compared with what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use podling::client::Error;
use podling::core::{NodeId, TaskId};
use podling::master::api;
use podling::master::cluster::{self, Cluster};
use podling::wire::{
    self, Port, Protocol, Quantity, ResourceAmounts, Resources, RestartPolicy, SubmitTask,
};
use podling::worker::Answer;

use crate::engine::IMAGES;
use crate::master::{as_client_sees, find};
use crate::network::{Request, Way};
use crate::rng::Rng;
use crate::worker::node_id;
use crate::world::{World, lock};

const LIMIT: Duration = Duration::from_secs(15);

/// What users wished for, by their own key.
pub type Wishes = BTreeMap<String, Wish>;

#[derive(Debug, Clone)]
pub struct Wish {
    /// The id they were given, once they were answered.
    pub id: Option<String>,
    /// They asked for its end, perhaps in vain so far.
    pub stop: bool,
    /// They asked for its removal.
    pub remove: bool,
    /// They were told that it is stopped, or will be.
    pub stop_answered: bool,
    pub remove_answered: bool,
}

/// What a user asks for, by chance.
fn any_task(rng: &mut Rng, number: u64) -> SubmitTask {
    let image = *rng.pick(&IMAGES);
    let ends = !matches!(image, "service" | "stubborn");
    let policy = match rng.below(10) {
        0..=4 => RestartPolicy::Never,
        5..=7 => RestartPolicy::OnFailure,
        _ if ends => RestartPolicy::OnFailure,
        _ => RestartPolicy::Always,
    };
    let amount = |rng: &mut Rng, unit: u64| {
        rng.percent(50)
            .then(|| Quantity::Number(unit * rng.between(1, 4)))
    };
    SubmitTask {
        name: format!("{image}-{number}"),
        image: image.into(),
        resources: Some(Resources {
            requests: ResourceAmounts {
                cpu: amount(rng, 400),
                memory: amount(rng, 300 << 20),
            },
            ..Resources::default()
        }),
        ports: rng.percent(20).then(|| {
            vec![Port {
                name: None,
                container_port: 80,
                host_port: Some(8000 + rng.below(2) as u16),
                host_ip: None,
                protocol: Protocol::Tcp,
            }]
        }),
        restart_policy: Some(policy),
        max_attempts: match rng.below(10) {
            0..=3 => Some(1),
            4 => Some(3),
            _ => None,
        },
        ..SubmitTask::default()
    }
}

/// Asks until there is an answer that says yes or no.
async fn insist<T: Send + 'static>(
    world: &Arc<World>,
    what: String,
    handle: impl Fn(Arc<Cluster>) -> Answer<'static, T> + Send + Sync + 'static,
) -> Result<T, Error> {
    let handle: Arc<dyn Fn(Arc<Cluster>) -> Answer<'static, T> + Send + Sync> = Arc::new(handle);
    loop {
        let request = Request {
            way: Way::OfUsers,
            limit: LIMIT,
            what: what.clone(),
            find,
            handle: Arc::clone(&handle),
        };
        match request.send(world, None).await {
            Err(error) if error.is_transient() => {
                let wait = world.draw(|rng| rng.ms(100, 2_000));
                tokio::time::sleep(wait).await;
            }
            answer => return answer,
        }
    }
}

/// One task of a user, from the wish to whatever they wish next.
pub async fn one(world: Arc<World>, number: u64) {
    let key = format!("key-{number}");
    let (task, stop, remove) = world.draw(|rng| {
        let task = any_task(rng, number);
        (task, rng.percent(30), rng.percent(25))
    });
    let wish = Wish {
        id: None,
        stop: false,
        remove: false,
        stop_answered: false,
        remove_answered: false,
    };
    lock(&world.wishes).insert(key.clone(), wish);
    let with_key = key.clone();
    let checked = Arc::clone(&world);
    let submitted = insist(&world, format!("submit {}", task.name), move |cluster| {
        let (task, key, world) = (task.clone(), with_key.clone(), Arc::clone(&checked));
        async move {
            let task = api::submit(&cluster, task, Some(&key)).await;
            let task = task.map_err(|error| as_client_sees(&error))?;
            lock(&world.checks).acknowledged(&world, "a submission", &task);
            Ok(task)
        }
        .boxed()
    });
    let id = match submitted.await {
        Ok(task) => task.task_id,
        Err(error) => return world.wrong(format!("{key} was refused: {error}")),
    };
    world.note(|| format!("{key} is task {id}"));
    if let Some(wish) = lock(&world.wishes).get_mut(&key) {
        wish.id = Some(id.clone());
    }
    if stop {
        world.while_in_trouble(100, 60_000).await;
        change(&world, &key, |wish| wish.stop = true);
        ask_to_stop(&world, &id).await;
        change(&world, &key, |wish| wish.stop_answered = true);
    }
    if remove {
        // Long after the last copy of the submission: a key is known as long as its task is.
        tokio::time::sleep(Duration::from_secs(8)).await;
        let longest = world.draw(|rng| *rng.pick(&[500, 60_000]));
        world.while_in_trouble(100, longest).await;
        change(&world, &key, |wish| wish.remove = true);
        ask_to_remove(&world, &id).await;
        change(&world, &key, |wish| wish.remove_answered = true);
    }
}

fn change(world: &World, key: &str, change: impl FnOnce(&mut Wish)) {
    if let Some(wish) = lock(&world.wishes).get_mut(key) {
        change(wish);
    }
}

async fn ask_to_stop(world: &Arc<World>, id: &str) {
    let task = id.to_owned();
    let grace = world.draw(|rng| *rng.pick(&[0, 2, 10]));
    let checked = Arc::clone(world);
    let stopped = insist(world, format!("stop {id}"), move |cluster| {
        let (task, world) = (task.clone(), Arc::clone(&checked));
        async move {
            let stop = wire::Stop {
                grace_period_seconds: Some(grace),
                attempt: None,
            };
            let task = api::stop(&cluster, &task, stop).await;
            let task = task.map_err(|error| as_client_sees(&error))?;
            lock(&world.checks).stop_acknowledged(&world, &task);
            Ok(())
        }
        .boxed()
    });
    expect_done(world, stopped.await);
}

async fn ask_to_remove(world: &Arc<World>, id: &str) {
    let task = TaskId::from(id);
    let checked = Arc::clone(world);
    let removed = insist(world, format!("remove {id}"), move |cluster| {
        let (task, world) = (task.clone(), Arc::clone(&checked));
        async move {
            let removal = api::remove(&cluster, &task, true).await;
            let removal = removal.map_err(|error| as_client_sees(&error))?;
            lock(&world.checks).removal_acknowledged(&world, &task, removal.gone);
            Ok(())
        }
        .boxed()
    });
    expect_done(world, removed.await);
}

/// What aged out or was removed by an earlier copy of the request is gone: that is fine.
fn expect_done(world: &World, answer: Result<(), Error>) {
    match answer {
        Ok(()) => {}
        Err(error) if error.is_not_found() => {}
        Err(error) => world.wrong(format!("a user was refused: {error}")),
    }
}

/// An operator drains a node, and lets it take tasks again.
pub async fn drain(world: &Arc<World>, node: usize, deadline_seconds: u64) {
    let id = node_id(node);
    let asked = insist(world, format!("drain {id}"), move |cluster| {
        let id = id.clone();
        async move {
            let drain = wire::Drain {
                deadline_seconds: Some(deadline_seconds),
                by_worker: false,
            };
            let drained = api::drain(&cluster, &id, drain).await;
            drained.map_err(|error| as_client_sees(&error))
        }
        .boxed()
    });
    expect_done(world, asked.await.map(|_| ()));
}

pub async fn uncordon(world: &Arc<World>, node: usize) {
    let id = node_id(node);
    let asked = insist(world, format!("uncordon {id}"), move |cluster| {
        let id = id.clone();
        async move {
            let taken = api::uncordon(&cluster, &id).await;
            taken.map_err(|error| as_client_sees(&error))
        }
        .boxed()
    });
    expect_done(world, asked.await.map(|_| ()));
}

/// What an operator may do beside drains, carried out as the handlers do it.
pub async fn operate(world: &Arc<World>, command: podling::core::Command) {
    let what = format!("{command:?}");
    let asked = insist(world, what, move |cluster| {
        let command = command.clone();
        async move {
            match cluster.mutate(command, |_, _| ()).await {
                // A node that is online is not forgotten, an unknown one can't be.
                Ok(()) | Err(cluster::Error::Rejected(_)) => Ok(()),
                Err(error) => Err(as_client_sees(&error.into())),
            }
        }
        .boxed()
    });
    expect_done(world, asked.await);
}

pub fn forget(node: usize) -> podling::core::Command {
    podling::core::Command::Forget(NodeId::from(node_id(node)))
}
