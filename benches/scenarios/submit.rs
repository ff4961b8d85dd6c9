//! How many submissions a second are durable, over 1 to 256 connections.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::load::{self, Load, Until};
use crate::outcome::{Chart, Goal, Line, Outcome, Shape, number, texts};
use crate::process::{Master, Simulation};
use crate::row;
use crate::settings::seconds;
use crate::statistics::round;
use crate::support::setup::Setup;
use crate::usage::resident_mb;
use crate::{postgres, wrk};

const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
const MAIN: usize = 64;
const WARM_UP: Duration = Duration::from_secs(2);

/// One line of the table.
struct Run {
    store: &'static str,
    nodes: u64,
    connections: usize,
    load: Load,
}

pub async fn measure(setup: &Setup) -> Result<Outcome> {
    let time = seconds(10)?;
    let mut runs = Vec::new();

    let sqlite = Master::start(setup, "submit").await?;
    on(&sqlite, setup, "SQLite", time, &CONNECTIONS, &mut runs).await?;
    let submitted: u64 = runs.iter().map(|run| run.load.submitted).sum();
    let memory = resident_mb(sqlite.process.id()?)?;
    let body = load::task(&setup.task_image);
    // The same with a load generator that is not ours, in the same minute.
    let wrk = wrk::submit(&sqlite.address, &body, MAIN, time.as_secs().max(1)).await?;
    let by_wrk = wrk::per_second(&wrk)?;
    sqlite.process.kill().await?;

    let server = postgres::start();
    let url = server.new_database();
    let store = ["--store", "postgres", "--database-url", &url];
    let master = Master::start_on(setup, "submit-postgres", &store, &[]).await?;
    on(&master, setup, "PostgreSQL", time, &CONNECTIONS, &mut runs).await?;
    master.process.kill().await?;
    drop(server);

    let master = Master::start(setup, "submit-node").await?;
    let room = [
        "--cpu",
        "1000000",
        "--memory",
        "1000Ti",
        "--run-time",
        "forever",
    ];
    let (node, _) = Simulation::start(setup, &master, 1, &room).await?;
    on(&master, setup, "SQLite", time, &[MAIN], &mut runs).await?;
    node.process.kill().await?;
    master.process.kill().await?;
    if let Some(last) = runs.last_mut() {
        last.nodes = 1;
    }
    Ok(outcome(time, &runs, by_wrk, (submitted, memory)))
}

async fn on(
    master: &Master,
    setup: &Setup,
    store: &'static str,
    time: Duration,
    connections: &[usize],
    runs: &mut Vec<Run>,
) -> Result<()> {
    let body = load::task(&setup.task_image);
    for &connections in connections {
        load::closed(
            &master.address,
            connections,
            Until::Passed(WARM_UP.min(time)),
            &body,
        )
        .await?;
        let load = load::closed(&master.address, connections, Until::Passed(time), &body).await?;
        runs.push(Run {
            store,
            nodes: 0,
            connections,
            load,
        });
    }
    Ok(())
}

fn outcome(time: Duration, runs: &[Run], by_wrk: f64, (submitted, memory): (u64, f64)) -> Outcome {
    let found = |store, nodes, connections| {
        let is =
            |run: &&Run| (run.store, run.nodes, run.connections) == (store, nodes, connections);
        runs.iter()
            .find(is)
            .map(|run| (round(run.load.per_second()), run.load.latency.ms(0.99)))
    };
    let (rate, p99) = found("SQLite", 0, MAIN).unwrap_or_default();
    let mut rows: Vec<Vec<String>> = runs.iter().map(row_of).collect();
    rows.push(row![
        "SQLite, by wrk",
        0,
        MAIN,
        number(by_wrk),
        "-",
        "-",
        format!("{:.2} of ours", by_wrk / rate),
    ]);
    let line = |store: &'static str| Line {
        label: store.into(),
        points: runs
            .iter()
            .filter(|run| run.store == store && run.nodes == 0)
            .map(|run| (run.connections as f64, run.load.per_second()))
            .collect(),
    };
    Outcome {
        scenario: String::new(),
        what: format!(
            "POST /api/v1/tasks answered 201, which says that the task is durable: SQLite with synchronous = FULL on this \
             machine's disk, PostgreSQL with its default synchronous commit in a private server on the same machine. \
             Closed loop over kept connections, one request at a time on each, for {} s after a warm-up; the load \
             generator is one thread on the same cores. No node is registered (each task is stored as pending) but in the row with one.",
            time.as_secs(),
        ),
        settings: json!({ "seconds": time.as_secs(), "connections": CONNECTIONS, "body": load::task("IMAGE") }),
        head: texts(&[
            "store",
            "nodes",
            "connections",
            "submissions/s",
            "p50 ms",
            "p99 ms",
            "max ms",
        ]),
        rows,
        goals: vec![
            Goal::at_least("SQLite, 64 connections", rate, 15_000.0, "submissions/s"),
            Goal::at_most("SQLite, 64 connections, p99", p99, 25.0, "ms"),
        ],
        comparison: texts(&[
            "the Go project, not durable (in memory), 64 connections, on this kind of machine: 11,800 to 14,900 submissions/s \
             with no node (p99 33 to 38 ms), 6,000 with one (p99 66 ms), 190 MB for 119,000 tasks",
        ]),
        charts: vec![Chart {
            name: String::new(),
            title: "Durable submissions per second".into(),
            y: "submissions/s".into(),
            shape: Shape::Lines {
                x: "connections".into(),
                lines: vec![line("SQLite"), line("PostgreSQL")],
            },
        }],
        results: json!({
            "runs": runs.iter().map(json_of).collect::<Vec<_>>(),
            "wrk_per_second": by_wrk, "wrk_over_ours": round(by_wrk / rate),
            "master_mb": memory, "tasks_then": submitted,
        }),
        measured_on: Value::Null,
    }
}

fn row_of(run: &Run) -> Vec<String> {
    let latency = &run.load.latency;
    row![
        run.store,
        run.nodes,
        run.connections,
        number(run.load.per_second()),
        number(latency.ms(0.5)),
        number(latency.ms(0.99)),
        number(latency.ms(1.0)),
    ]
}

fn json_of(run: &Run) -> Value {
    json!({
        "store": run.store, "nodes": run.nodes, "connections": run.connections,
        "per_second": round(run.load.per_second()), "latency_ms": run.load.latency.summary(),
    })
}
