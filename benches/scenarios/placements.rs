//! How many tasks a second the pure core places, without HTTP and store: tasks that wait, as the placer does when nodes
//! join or tasks end, and tasks that come, with all else that a submission is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use podling::core::decide::decide;
use podling::core::{
    Capacity, Command, EngineCondition, Monotonic, Node, NodeId, Now, Policy, Register, Requests,
    Spec, State, Status, Submit, Timestamp, Write, reconcile,
};
use serde_json::json;
use tokio::sync::oneshot;

use crate::outcome::{Bar, Chart, Goal, Outcome, Shape, number, texts};
use crate::row;
use crate::settings::{rounds, tasks};
use crate::statistics::median;
use crate::support::setup::Setup;

const NODES: [(u64, f64); 3] = [
    (1_000, 300_000.0),
    (10_000, 200_000.0),
    (100_000, 100_000.0),
];
const CORES: [u64; 3] = [32, 64, 128];
/// How long one round lasts at most.
const LONGEST: Duration = Duration::from_secs(5);
/// How many the placer places in one go.
const AT_A_TIME: usize = 512;
const MIB: u64 = 1 << 20;

pub async fn measure(_: &Setup) -> Result<Outcome> {
    let (tasks, rounds) = (tasks(300_000)?, rounds(3)?);
    let (says, said) = oneshot::channel();
    // On a thread of its own, so that Ctrl-C is still heard.
    std::thread::spawn(move || says.send(all(tasks, rounds)));
    let rates = said.await.context("the measuring thread panicked")??;
    let (mut rows, mut goals, mut bars, mut results) = (vec![], vec![], vec![], vec![]);
    for ((nodes, goal), [waiting, coming]) in NODES.into_iter().zip(rates) {
        let (rate, submitted) = (median(&waiting), median(&coming));
        let label = format!("{} nodes", number(nodes as f64));
        rows.push(row![
            label,
            number(rate),
            number(goal),
            number(1e9 / rate),
            number(submitted)
        ]);
        goals.push(Goal::at_least(&label, rate.round(), goal, "placements/s"));
        bars.push(Bar {
            label,
            value: rate,
            goal: Some(goal),
        });
        results.push(json!({
            "nodes": nodes, "per_second": rate.round(), "rounds": waiting,
            "submissions_per_second": submitted.round(), "submission_rounds": coming,
        }));
    }
    Ok(Outcome {
        scenario: String::new(),
        what: "Tasks placed by the core, in process, each with a CPU and a memory request, on nodes of three sizes that \
               have room for all of them. Placements: tasks of four kinds wait, and reconcile::place places 512 of them at \
               a time, as the master's placer does, each applied; what a scheduler's benchmark usually \
               is. Submissions: decide(Submit) and apply, one task after another, which makes the task, too. The \
               median of some rounds, in turns; a round ends after five seconds when it has not placed all by then."
            .into(),
        settings: json!({
            "tasks_per_round": tasks, "rounds": rounds, "longest_round_s": LONGEST.as_secs(),
            "cores_of_nodes": CORES, "policy": "default (spread)",
        }),
        head: texts(&["cluster", "placements/s", "goal", "ns each", "submissions/s"]),
        rows,
        goals,
        comparison: texts(&[
            "swarmkit's scheduler: 5,600 placements/s at 1,000 nodes, 3,400 at 100,000",
            "Kubernetes' CI floor: 680 to 810 pods/s at 5,000 nodes",
        ]),
        charts: vec![Chart {
            name: String::new(),
            title: "Placements per second in core".into(),
            y: "placements/s".into(),
            shape: Shape::Bars(bars),
        }],
        results: json!(results),
        measured_on: json!(null),
    })
}

/// The rates of each size, of tasks that wait and of tasks that come, in turns.
fn all(tasks: u64, rounds: usize) -> Result<Vec<[Vec<f64>; 2]>> {
    let mut rates = vec![[vec![], vec![]]; NODES.len()];
    for _ in 0..rounds {
        for ((nodes, _), [waiting, coming]) in NODES.into_iter().zip(&mut rates) {
            waiting.push(place_waiting(nodes, tasks)?);
            coming.push(place_coming(nodes, tasks)?);
        }
    }
    Ok(rates)
}

fn begin() -> Now {
    Now {
        wall: Timestamp(1_700_000_000_000),
        mono: Monotonic(1_000_000),
        random: 1,
    }
}

fn place_waiting(nodes: u64, tasks: u64) -> Result<f64> {
    let mut now = begin();
    let mut without_nodes = State::new(Policy::default());
    for number in 0..tasks {
        submit(&mut without_nodes, number, &mut now)?;
    }
    let waiting = without_nodes.tasks().cloned().map(Write::PutTask);
    let cluster = cluster(nodes, now)?;
    let nodes = cluster.nodes().cloned().map(Write::PutNode);
    let last_event = without_nodes.last_event();
    let mut state = State::load(Policy::default(), nodes.chain(waiting), last_event, now);
    drop((without_nodes, cluster));
    let start = Instant::now();
    let mut placed = 0;
    while placed < tasks && start.elapsed() < LONGEST {
        let changes = reconcile::place(&state, now, AT_A_TIME);
        ensure!(
            !changes.is_empty(),
            "{placed} of {tasks} are placed, and no more"
        );
        for change in &changes {
            state.apply(change);
        }
        placed += changes.len() as u64;
    }
    let took = start.elapsed();
    let waiting = state.pending().count() as u64;
    ensure!(
        waiting + placed == tasks,
        "{placed} changes, {waiting} of {tasks} wait"
    );
    Ok(placed as f64 / took.as_secs_f64())
}

fn place_coming(nodes: u64, tasks: u64) -> Result<f64> {
    let mut now = begin();
    let mut state = cluster(nodes, now)?;
    let start = Instant::now();
    let mut placed = 0;
    while placed < tasks && (placed % 16 != 0 || start.elapsed() < LONGEST) {
        submit(&mut state, placed, &mut now)?;
        placed += 1;
    }
    let took = start.elapsed();
    let last = state.tasks().last().map(|task| task.status);
    ensure!(
        last == Some(Status::Scheduled),
        "the last task was not placed but is {last:?}"
    );
    Ok(placed as f64 / took.as_secs_f64())
}

fn submit(state: &mut State, number: u64, now: &mut Now) -> Result<()> {
    now.random = now.random.wrapping_mul(6_364_136_223_846_793_005) + 1;
    let submit = Submit {
        spec: spec(number),
        idempotency: None,
    };
    run(state, Command::Submit(submit), *now)
}

/// A cluster as a master loads it: the nodes are copies of one that registered.
fn cluster(nodes: u64, now: Now) -> Result<State> {
    let mut state = State::new(Policy::default());
    run(&mut state, Command::Register(register()), now)?;
    let registered = state.nodes().next().context("no node registered")?.clone();
    let copies = (0..nodes).map(|number| {
        let cores = CORES[(number % 3) as usize];
        let mut node = Node::clone(&registered);
        node.id = NodeId::from(format!("node-{number:06}"));
        node.hostname = node.id.as_str().to_owned();
        node.capacity = Capacity {
            slots: None,
            cpu_millicores: Some(cores * 1000),
            memory_bytes: Some(cores * 4096 * MIB),
        };
        node.labels = [("zone".to_owned(), format!("z{}", number % 8))].into();
        node
    });
    let writes = copies.map(|node| Write::PutNode(Arc::new(node)));
    Ok(State::load(Policy::default(), writes, nodes, now))
}

fn run(state: &mut State, command: Command, now: Now) -> Result<()> {
    let changes = decide(state, command, now).map_err(|rejection| anyhow!("{rejection}"))?;
    for change in &changes {
        state.apply(change);
    }
    state.note_time(now);
    Ok(())
}

fn register() -> Register {
    Register {
        node: Some(NodeId::from("node".to_owned())),
        hostname: "node".into(),
        port: 8081,
        capacity: Capacity::default(),
        labels: [].into(),
        engine: None,
        version: Some("0.1.0".into()),
        heartbeat_interval_ms: None,
        condition: EngineCondition::Ready,
        tasks: Some(vec![]),
    }
}

/// Four kinds of task.
fn spec(number: u64) -> Spec {
    let size = 1 + number % 4;
    Spec {
        name: "load".into(),
        image: "registry.example.org/team/job:1.2.3".into(),
        env: [("K".into(), "value".into())].into_iter().collect(),
        requests: Requests {
            cpu_millicores: 50 * size,
            memory_bytes: 64 * size * MIB,
        },
        ..Spec::default()
    }
}
