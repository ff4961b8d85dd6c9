//! Whether a cluster is as fast at sixty times the size, and what the size costs.

use anyhow::Result;
use serde_json::{Value, json};

use crate::lab::Lab;
use crate::outcome::{Bar, Chart, Goal, Outcome, Shape, number, texts};
use crate::row;
use crate::settings::{nodes, number as setting, rounds, tasks};
use crate::statistics::{median, round};
use crate::support::setup::Setup;
use crate::throughput::{self, CONNECTIONS, Throughput};

const MIB: f64 = 1024.0 * 1024.0;

pub async fn measure(setup: &Setup) -> Result<Outcome> {
    let large = (nodes(6_100)?, tasks(1_000_000)?);
    let small = (
        setting("BENCH_SMALL_NODES", 100)?,
        setting("BENCH_SMALL_TASKS", 10_000)?,
    );
    let (registering, rounds) = (setting("BENCH_REGISTER", 5_000)?, rounds(3)?);

    // The small ones before and after the large one.
    let mut smalls = Vec::new();
    for _ in 0..rounds.div_ceil(2) {
        smalls.push(one(setup, small).await?);
    }
    let large = one(setup, large).await?;
    for _ in 0..rounds / 2 {
        smalls.push(one(setup, small).await?);
    }
    let mut registered = Vec::new();
    for _ in 0..rounds {
        let lab = Lab::start(setup, "register", registering).await?;
        registered.push(lab.registered_in.as_secs_f64());
        lab.end().await?;
        std::fs::remove_dir_all(setup.folder.join("register"))?;
    }

    let rates: Vec<f64> = smalls.iter().map(Throughput::per_second).collect();
    let ratio = round(large.per_second() / median(&rates));
    let simulation = round(large.idle_simulation_bytes as f64 / MIB);
    let registered_in = round(median(&registered));
    let rows = smalls.iter().chain([&large]).map(|run| {
        row![
            number(run.nodes as f64),
            number(run.tasks as f64),
            number(run.per_second()),
            number(run.load.latency.ms(0.99)),
            number(run.bytes_per_task),
            run.cpu.text(),
        ]
    });
    let bar = |label: String, value| Bar {
        label,
        value,
        goal: None,
    };
    let size = |run: &Throughput| {
        let (nodes, tasks) = (number(run.nodes as f64), number(run.tasks as f64));
        format!("{nodes} nodes, {tasks} tasks")
    };
    Ok(Outcome {
        scenario: String::new(),
        what: format!(
            "Tasks submitted in a closed loop over {CONNECTIONS} connections until all are running, on a small cluster \
             (before and after) and on a large one, each with a master on an empty SQLite store. Memory of the master: \
             resident 5 s after the last task runs, less what it was before the first, by task. Registration: from the \
             start of `podling simulate` until all its nodes are ready at a master with an empty store.",
        ),
        settings: json!({
            "large": { "nodes": large.nodes, "tasks": large.tasks },
            "small": { "nodes": small.0, "tasks": small.1, "runs": rounds },
            "connections": CONNECTIONS, "registering_nodes": registering,
        }),
        head: texts(&[
            "nodes",
            "tasks",
            "tasks/s",
            "submit p99 ms",
            "master B/task",
            "CPU s: master / nodes / load",
        ]),
        rows: rows.collect(),
        goals: vec![
            Goal::at_least(
                "rate of the large cluster over the small one's",
                ratio,
                0.8,
                "times",
            ),
            Goal::at_most(
                "the master's memory",
                round(large.bytes_per_task),
                1024.0,
                "B/task",
            ),
            Goal::at_most(
                format!("{} idle nodes in one process", number(large.nodes as f64)),
                simulation,
                1024.0,
                "MiB",
            ),
            Goal::at_most(
                format!("{} nodes registered", number(registering as f64)),
                registered_in,
                10.0,
                "s",
            ),
        ],
        comparison: vec![],
        charts: vec![Chart {
            name: String::new(),
            title: "Tasks submitted and running per second, by size of the cluster".into(),
            y: "tasks/s".into(),
            shape: Shape::Bars(vec![
                bar(size(&smalls[0]), median(&rates)),
                bar(size(&large), large.per_second()),
            ]),
        }],
        results: json!({
            "ratio": ratio, "large": large.json(),
            "small": smalls.iter().map(Throughput::json).collect::<Vec<_>>(),
            "register_seconds": registered,
        }),
        measured_on: Value::Null,
    })
}

async fn one(setup: &Setup, (nodes, tasks): (u64, u64)) -> Result<Throughput> {
    let lab = Lab::start(setup, "scale", nodes).await?;
    let run = throughput::run(setup, &lab, nodes, tasks).await?;
    lab.end().await?;
    std::fs::remove_dir_all(setup.folder.join("scale"))?;
    eprintln!("    {} nodes: {} tasks/s", nodes, number(run.per_second()));
    Ok(run)
}
