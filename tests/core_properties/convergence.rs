//! Once every node works and does what it is told, everything ends as desired: the loops and
//! orders need no luck and no memory of what went wrong before.

use std::collections::BTreeMap;
use std::sync::Arc;

use podling::core::reconcile::{self, Order, StopOrder, differences};
use podling::core::schedule;
use podling::core::{
    Command, Desired, EngineCondition, Heartbeat, Node, NodeId, Register, Report, Status, Task,
    TaskId,
};

use crate::cluster::Cluster;

/// What a worker that does its duty has: of each task the newest attempt, and how it is.
#[derive(Default)]
struct Worker {
    has: BTreeMap<TaskId, (u32, Status)>,
}

const ROUNDS: usize = 60;

pub fn check(mut cluster: Cluster) {
    let nodes: Vec<NodeId> = cluster.state.nodes().map(|node| node.id.clone()).collect();
    let wanted: Vec<Arc<Task>> = cluster.state.tasks().cloned().collect();
    let mut workers: BTreeMap<NodeId, Worker> = BTreeMap::new();
    cluster.pass(10_000);
    for node in &nodes {
        say_where_it_is(&mut cluster, node);
    }
    for node in &nodes {
        if cluster.state.node(node).unwrap().has_signed_off() {
            // Its heartbeats are answered with 404.
            register(&mut cluster, node);
        }
        end_drain(&mut cluster, node);
        workers.insert(node.clone(), Worker::with_leftovers(node, &wanted));
    }
    for _ in 0..ROUNDS {
        round(&mut cluster, &mut workers);
    }
    for task in &wanted {
        ended_as_desired(&cluster, task);
    }
    for node in &nodes {
        assert!(cluster.state.node(node).unwrap().is_ready());
        assert_eq!(cluster.state.usage(node).unwrap().slots, 0);
        workers[node].has_only_what_it_should(&cluster, node);
    }
    assert_eq!(cluster.state.brake(), None);
}

/// A node that lost its address to another one has another.
fn say_where_it_is(cluster: &mut Cluster, node: &NodeId) {
    let known = cluster.state.node(node).unwrap().clone();
    let there = cluster.state.node_at(&known.hostname, known.port).unwrap();
    if there.id != *node {
        cluster.command(Command::Register(Register {
            node: Some(node.clone()),
            hostname: format!("host-of-{node}"),
            ..again(&known)
        }));
    }
}

fn again(known: &Node) -> Register {
    Register {
        node: Some(known.id.clone()),
        hostname: known.hostname.clone(),
        port: known.port,
        capacity: known.capacity,
        labels: known.labels.clone(),
        engine: None,
        version: known.version.clone(),
        heartbeat_interval_ms: None,
        condition: EngineCondition::Ready,
        tasks: None,
    }
}

/// An operator ends the own; what a worker asked for is over when it comes back.
fn end_drain(cluster: &mut Cluster, node: &NodeId) {
    match cluster.state.node(node).unwrap().drain {
        Some(drain) if drain.by_worker => register(cluster, node),
        Some(_) | None => cluster.command(Command::Uncordon(node.clone())),
    }
    assert_eq!(cluster.state.node(node).unwrap().drain, None);
}

fn register(cluster: &mut Cluster, node: &NodeId) {
    let known = cluster.state.node(node).unwrap().clone();
    cluster.command(Command::Register(again(&known)));
}

fn round(cluster: &mut Cluster, workers: &mut BTreeMap<NodeId, Worker>) {
    // All rounds together are longer than anything is waited for.
    cluster.pass(1_000);
    for (node, worker) in workers.iter_mut() {
        cluster.state.probed(node, true, cluster.now);
        let reports = worker.reports(node);
        cluster.heartbeat(Heartbeat {
            node: node.clone(),
            tasks: Some(reports.clone()),
            condition: EngineCondition::Ready,
            engine: None,
        });
        let differences = differences(&cluster.state, node, Some(&reports));
        for task in differences.run {
            worker.run(cluster, node, &task);
        }
        for stop in differences.stop {
            worker.stop(cluster, node, &stop);
        }
    }
    cluster.nodes();
    let changes = reconcile::place(&cluster.state, cluster.now, 1_000);
    cluster.apply(&changes);
    let tasks: Vec<_> = cluster.state.tasks().cloned().collect();
    for task in tasks {
        let (Some(node), Some(order)) = (&task.node, reconcile::order(&task)) else {
            continue;
        };
        let worker = workers.get_mut(node).unwrap();
        match order {
            Order::Run => worker.run(cluster, node, &task),
            Order::Stop(stop) => worker.stop(cluster, node, &stop),
        }
    }
    for (node, worker) in workers {
        worker.finish(cluster, node);
    }
}

impl Worker {
    /// It comes back with containers of old attempts, and of a task nobody knows.
    fn with_leftovers(node: &NodeId, tasks: &[Arc<Task>]) -> Self {
        let mut worker = Self::default();
        worker.has.insert("unknown".into(), (3, Status::Running));
        for task in tasks {
            let is_stale = task.node.as_ref() != Some(node) || task.attempt > 1;
            if is_stale && task.attempt > 0 {
                worker.has.insert(task.id.clone(), (1, Status::Running));
            }
        }
        worker
    }

    fn has_only_what_it_should(&self, cluster: &Cluster, node: &NodeId) {
        for (id, (attempt, status)) in &self.has {
            let task = cluster
                .state
                .task(id)
                .expect("a container of an unknown task");
            assert_eq!((task.node.as_ref(), task.attempt), (Some(node), *attempt));
            assert_eq!(task.status.is_ended(), status.is_ended());
        }
    }

    fn run(&mut self, cluster: &mut Cluster, node: &NodeId, task: &Task) {
        if self
            .has
            .get(&task.id)
            .is_some_and(|(attempt, _)| *attempt >= task.attempt)
        {
            return;
        }
        // What ran already and is not there is gone; it is not made anew.
        let status = match task.status {
            Status::Running => Status::Failed,
            _ => Status::Running,
        };
        self.has.insert(task.id.clone(), (task.attempt, status));
        self.report(cluster, node, &task.id);
    }

    fn stop(&mut self, cluster: &mut Cluster, node: &NodeId, stop: &StopOrder) {
        let known = self.has.get(&stop.task).copied();
        if known.is_some_and(|(attempt, _)| attempt > stop.attempt) {
            return;
        }
        match known {
            Some((attempt, status)) if attempt == stop.attempt && status.is_ended() => {}
            _ => {
                let stopped = (stop.attempt, Status::Stopped);
                self.has.insert(stop.task.clone(), stopped);
            }
        }
        self.report(cluster, node, &stop.task);
        if stop.remove {
            self.has.remove(&stop.task);
        }
    }

    /// What runs comes to its end.
    fn finish(&mut self, cluster: &mut Cluster, node: &NodeId) {
        let running: Vec<TaskId> = self
            .has
            .iter()
            .filter(|(_, (_, status))| *status == Status::Running)
            .map(|(task, _)| task.clone())
            .collect();
        for task in running {
            if let Some((_, status)) = self.has.get_mut(&task) {
                *status = Status::Completed;
            }
            self.report(cluster, node, &task);
        }
    }

    fn report(&self, cluster: &mut Cluster, node: &NodeId, task: &TaskId) {
        let report = report(node, task, self.has[task]);
        cluster.send(report);
    }

    fn reports(&self, node: &NodeId) -> Vec<Report> {
        self.has
            .iter()
            .map(|(task, known)| report(node, task, *known))
            .collect()
    }
}

fn report(node: &NodeId, task: &TaskId, (attempt, status): (u32, Status)) -> Report {
    Report {
        task: task.clone(),
        attempt: Some(attempt),
        node: Some(node.clone()),
        status,
        container_id: None,
        exit_code: (status == Status::Completed).then_some(0),
        error: None,
        reason: None,
        restart_count: None,
        health: None,
    }
}

fn ended_as_desired(cluster: &Cluster, before: &Task) {
    let after = cluster.state.task(&before.id);
    if let Desired::Remove { .. } = before.desired {
        assert_eq!(after, None);
        return;
    }
    let after = after.unwrap();
    if before.status.is_ended() {
        assert_eq!(after.status, before.status);
        return;
    }
    match (&before.desired, after.status) {
        (Desired::Stop { .. }, status) => assert_eq!(status, Status::Stopped),
        (_, Status::Completed) => {}
        (_, Status::Failed) => {
            let gone = before.status == Status::Running;
            let used_up = before
                .spec
                .max_attempts
                .is_some_and(|most| before.attempt >= most);
            assert!(gone || used_up, "{after:?} failed without a reason");
        }
        // All other tasks have ended, so a node that could take it would have.
        (_, Status::Pending) => {
            let refused = schedule::place(&cluster.state, &after.spec, cluster.now).unwrap_err();
            let known = schedule::same_refusal(&refused, &after.reason);
            assert!(known, "{refused}, but {after:?}");
        }
        (_, status) => panic!("{} is still {status:?}: {after:?}", before.id),
    }
}
