//! A cluster of a thousand simulated nodes: how fast tasks come to run, and how soon each does.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::api::Events;
use crate::http::find;
use crate::lab::{Lab, START_MS};
use crate::latency::Latency;
use crate::load;
use crate::outcome::{Bar, Chart, Goal, Outcome, Shape, number, texts};
use crate::row;
use crate::settings::{nodes, rate, seconds, tasks};
use crate::statistics::round;
use crate::support::setup::Setup;
use crate::throughput::{self, CONNECTIONS};

pub async fn measure(setup: &Setup) -> Result<Outcome> {
    let (nodes, tasks) = (nodes(1_000)?, tasks(100_000)?);
    let (rate, seconds) = (rate(1_000)?, seconds(30)?);
    let lab = Lab::start(setup, "cluster", nodes).await?;
    let burst = throughput::run(setup, &lab, nodes, tasks).await?;
    let steady = steady(setup, &lab, rate, seconds).await?;
    lab.end().await?;

    let above = steady.running.ms(0.99) - START_MS as f64;
    let rows = vec![
        row![
            "submit -> running, all at once",
            number(burst.per_second()),
            "-",
            "-",
            burst.cpu.text()
        ],
        row![
            "the submissions of these",
            number(burst.load.per_second()),
            number(burst.load.latency.ms(0.5)),
            number(burst.load.latency.ms(0.99)),
            "-",
        ],
        row![
            format!("submit -> running, steady, without the {START_MS} ms of the start"),
            number(steady.per_second),
            number(steady.running.ms(0.5) - START_MS as f64),
            number(above),
            steady.cpu.text(),
        ],
        row![
            "the submissions of these",
            number(steady.per_second),
            number(steady.submitted.ms(0.5)),
            number(steady.submitted.ms(0.99)),
            "-",
        ],
    ];
    let all_at_once = round(burst.per_second());
    Ok(Outcome {
        scenario: String::new(),
        what: format!(
            "{} simulated nodes, a master on SQLite. First {} tasks, submitted in a closed loop over {CONNECTIONS} \
             connections, from the first request to the moment all are running (asked of /metrics). Then, beside \
             them, {} a second in an open loop for {} s: from the moment each was to be sent to its taskRunning on the \
             stream of events. Every step is durable before the next.",
            number(nodes as f64),
            number(tasks as f64),
            number(rate as f64),
            seconds.as_secs(),
        ),
        settings: json!({
            "nodes": nodes, "tasks": tasks, "connections": CONNECTIONS, "rate": rate,
            "seconds": seconds.as_secs(), "start_latency_ms": START_MS,
        }),
        head: texts(&[
            "what",
            "tasks/s",
            "p50 ms",
            "p99 ms",
            "CPU s: master / nodes / load",
        ]),
        rows,
        goals: vec![
            Goal::at_least(
                "submit -> running, all at once",
                all_at_once,
                7_500.0,
                "tasks/s",
            ),
            Goal::at_most("p99 above the simulated start", round(above), 150.0, "ms"),
        ],
        comparison: texts(&["Nomad C1M: 3,750 tasks/s on 5 servers of 32 vCPU; C2M: 1,500/s"]),
        charts: vec![Chart {
            name: String::new(),
            title: "Tasks submitted and running per second".into(),
            y: "tasks/s".into(),
            shape: Shape::Bars(vec![
                bar("podling, 2 cores", all_at_once, Some(7_500.0)),
                bar("Nomad C1M, 160 vCPU", 3_750.0, None),
                bar("Nomad C2M", 1_500.0, None),
            ]),
        }],
        results: json!({ "all_at_once": burst.json(), "steady": steady.json() }),
        measured_on: Value::Null,
    })
}

fn bar(label: &str, value: f64, goal: Option<f64>) -> Bar {
    Bar {
        label: label.into(),
        value,
        goal,
    }
}

struct Steady {
    per_second: f64,
    /// From the moment of the request to the event.
    running: Latency,
    submitted: Latency,
    cpu: crate::lab::Cpu,
}

impl Steady {
    fn json(&self) -> Value {
        json!({
            "per_second": round(self.per_second), "submit_to_running_ms": self.running.summary(),
            "submission_ms": self.submitted.summary(), "cpu_seconds": self.cpu.json(),
        })
    }
}

async fn steady(setup: &Setup, lab: &Lab, rate: u64, time: Duration) -> Result<Steady> {
    let mut events = Events::open_from_now(&lab.master.address).await?;
    let count = rate * time.as_secs();
    let asked = RefCell::new(HashMap::with_capacity(count as usize));
    let mut seen: HashMap<String, Instant> = HashMap::with_capacity(count as usize);
    let body = load::task(&setup.task_image);
    let cpu = lab.cpu()?;
    let submitting = load::open(
        &lab.master.address,
        CONNECTIONS,
        (count, rate as f64),
        &body,
        |answer, moment, _| {
            asked.borrow_mut().insert(task_id(answer), moment);
        },
    );
    let watching = async {
        while (seen.len() as u64) < count {
            let task = events.next("taskRunning").await?;
            seen.insert(task, Instant::now());
        }
        anyhow::Ok(())
    };
    let watching = async {
        let watching = timeout(time * 2 + Duration::from_secs(60), watching).await;
        watching.context("not all tasks were seen running")?
    };
    let (load, ()) = futures_util::try_join!(submitting, watching)?;
    let cpu = lab.cpu()?.since(cpu);
    let mut running = Latency::new()?;
    for (task, moment) in asked.into_inner() {
        let seen = seen.get(&task).context("another task was seen running")?;
        running.record(seen.saturating_duration_since(moment));
    }
    ensure!(running.count() == count, "{} of {count}", running.count());
    Ok(Steady {
        per_second: load.per_second(),
        running,
        submitted: load.latency,
        cpu,
    })
}

/// The id in a task as JSON.
fn task_id(task: &[u8]) -> String {
    const BEFORE: &[u8] = br#""taskId":""#;
    let from = find(task, BEFORE).map_or(task.len(), |at| at + BEFORE.len());
    let id = task[from..].split(|byte| *byte == b'"').next();
    String::from_utf8_lossy(id.unwrap_or_default()).into_owned()
}
