//! The master's processes: each is podling's real one without its HTTP server, on the network, the
//! disk and the clock of the history.

use std::sync::Arc;
use std::time::Duration;

use actix_web::ResponseError;
use podling::client::Error;
use podling::core::Node;
use podling::master::cluster::Cluster;
use podling::master::parts::{Ended, Parts};
use podling::master::workers::{Answer, Workers};
use podling::master::{self, Options, committer, http};
use podling::store::{self, Location, Store};
use podling::wire;
use podling::worker::Orders;
use podling::worker::orders::Removed;

use crate::disk::Handle;
use crate::network::{Request, Way};
use crate::process::Process;
use crate::world::{World, lock};

/// How long the real client waits for a worker.
const LIMIT: Duration = Duration::from_secs(10);
const HEALTH_LIMIT: Duration = Duration::from_secs(3);

/// Keeps a master going, as an init system does, until the history is over.
pub async fn keep_going(world: Arc<World>) {
    let mut life = 0;
    while !world.over.is_cancelled() {
        life += 1;
        let process = Process::new(&world, format!("master#{life}"));
        live(&process).await;
        let soon = world.percent(80);
        // Sometimes long enough for everybody to be missed, were it not for the master's absence.
        if !soon {
            world.while_in_trouble(10_000, 60_000).await;
        }
        let pause = world.draw(|rng| rng.ms(50, 2_000));
        tokio::time::sleep(pause).await;
    }
}

/// One process from its start to its end, whatever that is.
pub async fn live(process: &Arc<Process>) {
    let died = process.died.clone();
    let ended = died.run_until_cancelled(run(process)).await;
    process.world.network.closes(process);
    let world = &process.world;
    match ended {
        None => {}
        Some(Ok(())) => world.note(|| format!("{} has ended", process.name)),
        Some(Err(error)) => {
            world.note(|| format!("{} ends: {error}", process.name));
            let expected = matches!(
                error,
                master::Error::Store(store::Error::Unavailable(_) | store::Error::Fenced { .. })
                    | master::Error::Commit(
                        committer::Error::Fenced(_)
                            | committer::Error::GaveUp { .. }
                            | committer::Error::Untaken { .. }
                    )
            );
            if !expected {
                world.wrong(format!("{} ended: {error}", process.name));
            }
        }
    }
    process.kill("ended");
}

async fn run(process: &Arc<Process>) -> Result<(), master::Error> {
    let world = &process.world;
    let plan = &world.plan;
    let options = Options {
        bind: ([127, 0, 0, 1], 1).into(),
        store: Location::Memory,
        policy: plan.policy.clone(),
        commit_timeout: plan.commit_timeout,
        store_give_up_after: plan.give_up_after,
        shutdown_timeout: Duration::from_secs(10),
    };
    let store: Arc<dyn Store> = Arc::new(Handle::open(process).await?);
    let workers = Arc::new(Caller(Arc::clone(process)));
    let parts = Parts::load(store, world.clock(0), workers, &options).await?;
    let cluster = Arc::clone(&parts.cluster);
    lock(&world.checks).loaded(world, &cluster);
    world.network.master_listens(process, &cluster);
    let mut running = parts.start();
    tokio::select! {
        biased;
        () = process.term.cancelled() => {
            world.network.closes(process);
            running.stop(options.shutdown_timeout).await
        }
        ended = running.ended() => match ended {
            Ended::Committing(error) | Ended::Loop(error) => Err(error),
        },
    }
}

/// Who answers the master's API now, and how its errors look to a client.
pub fn find(world: &World, _: Way) -> Option<(Arc<Process>, Arc<Cluster>)> {
    world.network.master()
}

pub fn as_client_sees(error: &http::Error) -> Error {
    let refusal = error.refusal();
    Error::Status {
        status: refusal.status_code().as_u16(),
        code: refusal.body().code.clone(),
        error: refusal.body().error.clone(),
        retry_after: None,
    }
}

fn refused(refusal: &podling::http::Refusal) -> Error {
    Error::Status {
        status: refusal.status_code().as_u16(),
        code: refusal.body().code.clone(),
        error: refusal.body().error.clone(),
        retry_after: None,
    }
}

/// The workers, as one process of the master reaches them.
struct Caller(Arc<Process>);

fn find_worker(world: &World, way: Way) -> Option<(Arc<Process>, Orders)> {
    match way {
        Way::ToNode(node) => world.network.worker(node),
        Way::ToMaster(_) | Way::OfUsers => None,
    }
}

/// Which node listens at this address.
fn number(node: &Node) -> usize {
    let digits = node.hostname.trim_start_matches("host-");
    digits.parse().expect("a host of this history")
}

impl Caller {
    fn request<T: Send + 'static>(
        &self,
        node: &Node,
        what: String,
        limit: Duration,
        handle: impl Fn(Orders) -> Answer<'static, T> + Send + Sync + 'static,
    ) -> Request<Orders, T> {
        Request {
            way: Way::ToNode(number(node)),
            limit,
            what,
            find: find_worker,
            handle: Arc::new(move |orders| {
                orders.contacted();
                handle(orders)
            }),
        }
    }

    fn world(&self) -> &Arc<World> {
        &self.0.world
    }
}

impl Workers for Caller {
    fn execute<'a>(&'a self, node: &'a Node, task: &'a wire::Task) -> Answer<'a, ()> {
        let what = format!(
            "execute {} attempt {} at {}",
            task.name, task.attempt, node.id
        );
        let task = task.clone();
        Box::pin(async move {
            lock(&self.world().checks).sends_run(self.world(), node, &task);
            let request = self.request(node, what, LIMIT, move |orders| {
                let task = task.clone();
                Box::pin(async move {
                    let id = task.task_id.clone();
                    orders
                        .execute(&id, task)
                        .map_err(|refusal| refused(&refusal))
                })
            });
            request.send(self.world(), Some(&self.0)).await
        })
    }

    fn execute_batch<'a>(
        &'a self,
        node: &'a Node,
        batch: &'a wire::ExecuteBatch,
    ) -> Answer<'a, Vec<wire::ExecuteVerdict>> {
        let names = batch.tasks.iter().map(|task| (&*task.name, task.attempt));
        let what = format!("execute {:?} at {}", names.collect::<Vec<_>>(), node.id);
        let batch = batch.clone();
        Box::pin(async move {
            for task in &batch.tasks {
                lock(&self.world().checks).sends_run(self.world(), node, task);
            }
            let request = self.request(node, what, LIMIT, move |orders| {
                let batch = batch.clone();
                Box::pin(async move { Ok(orders.execute_batch(batch)) })
            });
            request.send(self.world(), Some(&self.0)).await
        })
    }

    fn stop<'a>(&'a self, node: &'a Node, task: &'a str, stop: &'a wire::Stop) -> Answer<'a, ()> {
        let what = format!("stop {task} attempt {:?} at {}", stop.attempt, node.id);
        let (task, stop) = (task.to_owned(), stop.clone());
        Box::pin(async move {
            lock(&self.world().checks).sends_stop(self.world(), node, &task, stop.attempt);
            let request = self.request(node, what, LIMIT, move |orders| {
                let (task, stop) = (task.clone(), stop.clone());
                Box::pin(async move {
                    orders
                        .stop(&task, &stop)
                        .map_err(|refusal| refused(&refusal))
                })
            });
            request.send(self.world(), Some(&self.0)).await
        })
    }

    fn remove<'a>(&'a self, node: &'a Node, task: &'a str) -> Answer<'a, ()> {
        let what = format!("remove {task} at {}", node.id);
        let task = task.to_owned();
        Box::pin(async move {
            lock(&self.world().checks).sends_removal(self.world(), &task);
            let request = self.request(node, what, LIMIT, move |orders| {
                let task = task.clone();
                Box::pin(async move {
                    match orders.remove(&task).await {
                        Ok(Removed::Gone | Removed::Going) => Ok(()),
                        Err(refusal) => Err(refused(&refusal)),
                    }
                })
            });
            request.send(self.world(), Some(&self.0)).await
        })
    }

    fn health<'a>(&'a self, node: &'a Node) -> Answer<'a, wire::Health> {
        let what = format!("health of {}", node.id);
        let request = self.request(node, what, HEALTH_LIMIT, |orders| {
            Box::pin(async move { Ok(orders.health()) })
        });
        Box::pin(request.send(self.world(), Some(&self.0)))
    }
}
