//! How many tasks a second the pure core places: decided and applied, without HTTP and store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use podling::core::decide::decide;
use podling::core::{
    Capacity, Command, EngineCondition, Monotonic, Node, NodeId, Now, Policy, Register, Requests,
    Spec, State, Status, Submit, Timestamp, Write,
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
const MIB: u64 = 1 << 20;

pub async fn measure(_: &Setup) -> Result<Outcome> {
    let (tasks, rounds) = (tasks(300_000)?, rounds(3)?);
    let (says, said) = oneshot::channel();
    // On a thread of its own, so that Ctrl-C is still heard.
    std::thread::spawn(move || says.send(all(tasks, rounds)));
    let rates = said.await.context("the measuring thread panicked")??;
    let (mut rows, mut goals, mut bars, mut results) = (vec![], vec![], vec![], vec![]);
    for ((nodes, goal), rates) in NODES.into_iter().zip(rates) {
        let rate = median(&rates);
        let label = format!("{} nodes", number(nodes as f64));
        rows.push(row![label, number(rate), number(goal), number(1e9 / rate)]);
        goals.push(Goal::at_least(&label, rate.round(), goal, "placements/s"));
        bars.push(Bar {
            label,
            value: rate,
            goal: Some(goal),
        });
        results.push(json!({ "nodes": nodes, "per_second": rate.round(), "rounds": rates }));
    }
    Ok(Outcome {
        scenario: String::new(),
        what: "Tasks placed by the core, in process: decide(Submit) and apply, one task after another, each with a \
               CPU and a memory request, on nodes of three sizes that have room for all of them. The median of \
               some rounds, in turns; a round ends after five seconds when it has not placed all by then."
            .into(),
        settings: json!({
            "tasks_per_round": tasks, "rounds": rounds, "longest_round_s": LONGEST.as_secs(),
            "cores_of_nodes": CORES, "policy": "default (spread)",
        }),
        head: texts(&["cluster", "placements/s", "goal", "ns each"]),
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

/// The rates of each size, in turns.
fn all(tasks: u64, rounds: usize) -> Result<Vec<Vec<f64>>> {
    let mut rates = vec![vec![]; NODES.len()];
    for _ in 0..rounds {
        for ((nodes, _), rates) in NODES.into_iter().zip(&mut rates) {
            rates.push(round(nodes, tasks)?);
        }
    }
    Ok(rates)
}

fn round(nodes: u64, tasks: u64) -> Result<f64> {
    let mut now = Now {
        wall: Timestamp(1_700_000_000_000),
        mono: Monotonic(1_000_000),
        random: 1,
    };
    let mut state = cluster(nodes, now)?;
    let start = Instant::now();
    let mut placed = 0;
    while placed < tasks && (placed % 16 != 0 || start.elapsed() < LONGEST) {
        now.random = now.random.wrapping_mul(6_364_136_223_846_793_005) + 1;
        let submit = Submit {
            spec: spec(placed),
            idempotency: None,
        };
        run(&mut state, Command::Submit(submit), now)?;
        placed += 1;
    }
    let took = start.elapsed();
    let last = state.tasks().last().map(|task| task.status);
    if last != Some(Status::Scheduled) {
        return Err(anyhow!("the last task was not placed but is {last:?}"));
    }
    Ok(placed as f64 / took.as_secs_f64())
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
