//! The workers' processes: each is podling's real one without its HTTP server. Its engine and its
//! containers are there before it and after it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use podling::client::Error;
use podling::master::cluster::Cluster;
use podling::master::{api, convert};
use podling::wire::{self, Heartbeat, Instructions, Register, Report, Reported, Task};
use podling::worker::{Answer, Master, Options, Parts};

use crate::engine::Connection;
use crate::master::{as_client_sees, find};
use crate::network::{Request, Way};
use crate::process::Process;
use crate::world::{World, lock};

/// How long the real client waits for the master.
const LIMIT: Duration = Duration::from_secs(15);

/// What becomes of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// Its worker is started again whenever it ended.
    There,
    /// It is switched off.
    Off,
}

pub fn node_id(node: usize) -> String {
    format!("n{node}")
}

/// Keeps a worker going on its host until the history is over.
pub async fn keep_going(world: Arc<World>, node: usize) {
    let mut life = 0;
    while !world.over.is_cancelled() {
        if world.hosts(node) == Host::There {
            life += 1;
            let process = Process::new(&world, format!("{}#{life}", node_id(node)));
            live(&process, node).await;
        }
        let soon = world.percent(80);
        if !soon {
            world.while_in_trouble(5_000, 40_000).await;
        }
        let pause = world.draw(|rng| rng.ms(50, 2_000));
        tokio::time::sleep(pause).await;
    }
}

async fn live(process: &Arc<Process>, node: usize) {
    let died = process.died.clone();
    let ended = died.run_until_cancelled(run(process, node)).await;
    let world = &process.world;
    world.network.closes(process);
    match ended {
        None => {}
        Some(Ok(())) => world.note(|| format!("{} has ended", process.name)),
        Some(Err(error)) => world.wrong(format!("{} ended: {error}", process.name)),
    }
    process.kill("ended");
}

async fn run(process: &Arc<Process>, node: usize) -> Result<(), podling::worker::Error> {
    let world = &process.world;
    let plan = &world.plan.nodes[node];
    let options = Options {
        node_id: node_id(node),
        hostname: format!("host-{node}"),
        bind: [127, 0, 0, 1].into(),
        port: 8081,
        master_url: "http://master".into(),
        heartbeat_interval: plan.heartbeat,
        shutdown_timeout: plan.shutdown_timeout,
        leave_running: plan.leave_running,
        capacity: plan.slots,
        cpu_millicores: plan.cpu,
        memory_bytes: plan.memory,
        labels: Default::default(),
    };
    let runtime = Arc::new(Connection::new(process, node));
    let master = Arc::new(Caller(Arc::clone(process), node));
    let parts = Parts::new(options, runtime, master, world.clock(node + 1));
    world.network.worker_listens(node, process, parts.orders());
    parts.run(&process.term, std::future::pending()).await
}

/// The master, as one process of a worker reaches it.
struct Caller(Arc<Process>, usize);

impl Caller {
    async fn ask<T: Send + 'static>(
        &self,
        what: String,
        handle: impl Fn(Arc<Cluster>) -> Answer<'static, T> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let request = Request {
            way: Way::ToMaster(self.1),
            limit: LIMIT,
            what: format!("{}: {what}", self.0.name),
            find,
            handle: Arc::new(handle),
        };
        request.send(&self.0.world, Some(&self.0)).await
    }

    fn world(&self) -> Arc<World> {
        Arc::clone(&self.0.world)
    }
}

fn said(tasks: Option<&Vec<wire::TaskReport>>) -> String {
    let Some(tasks) = tasks else {
        return "nothing".into();
    };
    let short = |id: &str| id[id.len().saturating_sub(8)..].to_owned();
    let each = tasks.iter().map(|task| {
        let attempt = task.report.attempt.unwrap_or_default();
        format!("{}/{attempt} {}", short(&task.task_id), task.report.status)
    });
    each.collect::<Vec<_>>().join(", ")
}

impl Master for Caller {
    fn register(&self, node: Register) -> Answer<'_, Instructions> {
        let world = self.world();
        let number = self.1;
        lock(&world.checks).says(number, node.tasks.as_deref().unwrap_or_default());
        let what = format!("register with {}", said(node.tasks.as_ref()));
        self.ask(what, move |cluster| {
            let (node, world) = (node.clone(), Arc::clone(&world));
            Box::pin(async move {
                let (_, answer) = api::register(&cluster, node)
                    .await
                    .map_err(|error| as_client_sees(&error))?;
                lock(&world.checks).answers(&world, number, &answer.instructions);
                Ok(answer.instructions)
            })
        })
        .boxed()
    }

    fn heartbeat<'a>(&'a self, node_id: &'a str, beat: Heartbeat) -> Answer<'a, Instructions> {
        let world = self.world();
        let number = self.1;
        lock(&world.checks).says(number, beat.tasks.as_deref().unwrap_or_default());
        let what = format!("heartbeat with {}", said(beat.tasks.as_ref()));
        let node_id = node_id.to_owned();
        self.ask(what, move |cluster| {
            let (beat, world, node_id) = (beat.clone(), Arc::clone(&world), node_id.clone());
            Box::pin(async move {
                let (answer, _) = api::heartbeat(&cluster, node_id.as_str().into(), beat, false)
                    .await
                    .map_err(|error| as_client_sees(&error))?;
                lock(&world.checks).answers(&world, number, &answer);
                Ok(answer)
            })
        })
        .boxed()
    }

    fn report<'a>(&'a self, task_id: &'a str, report: Report) -> Answer<'a, Reported> {
        let world = self.world();
        let number = self.1;
        let as_list = wire::TaskReport {
            task_id: task_id.to_owned(),
            report,
        };
        lock(&world.checks).says(number, std::slice::from_ref(&as_list));
        let what = format!("report {}", said(Some(&vec![as_list.clone()])));
        self.ask(what, move |cluster| {
            let (said, world) = (as_list.clone(), Arc::clone(&world));
            Box::pin(async move {
                let task = api::report(&cluster, said.task_id.as_str().into(), said.report)
                    .await
                    .map_err(|error| as_client_sees(&error))?;
                let whole = convert::task(&task);
                lock(&world.checks).acknowledged(&world, "a report", &whole);
                Ok(convert::reported(&task))
            })
        })
        .boxed()
    }

    fn task<'a>(&'a self, task_id: &'a str) -> Answer<'a, Task> {
        let id = podling::core::TaskId::from(task_id);
        self.ask(format!("look at {task_id}"), move |cluster| {
            let id = id.clone();
            Box::pin(async move {
                let task = api::task(&cluster, &id).map_err(|error| as_client_sees(&error))?;
                Ok(convert::task(&task))
            })
        })
        .boxed()
    }

    fn drain<'a>(&'a self, node_id: &'a str, deadline_seconds: u64) -> Answer<'a, ()> {
        let node_id = node_id.to_owned();
        self.ask("drain".into(), move |cluster| {
            let node_id = node_id.clone();
            let drain = wire::Drain {
                deadline_seconds: Some(deadline_seconds),
                by_worker: true,
            };
            Box::pin(async move {
                let drained = api::drain(&cluster, &node_id, drain).await;
                drained.map_err(|error| as_client_sees(&error))?;
                Ok(())
            })
        })
        .boxed()
    }

    fn deregister<'a>(&'a self, node_id: &'a str) -> Answer<'a, ()> {
        let node_id = node_id.to_owned();
        self.ask("deregister".into(), move |cluster| {
            let node_id = node_id.clone();
            Box::pin(async move {
                let gone = api::deregister(&cluster, &node_id).await;
                gone.map_err(|error| as_client_sees(&error))?;
                Ok(())
            })
        })
        .boxed()
    }
}
