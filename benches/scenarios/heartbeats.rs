//! What the heartbeats of thousands of idle nodes cost the master.

use anyhow::Result;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::lab::Lab;
use crate::outcome::{Goal, Outcome, number, texts};
use crate::row;
use crate::settings::{nodes, rounds, seconds};
use crate::statistics::{median, round};
use crate::support::setup::Setup;

/// Every node has beaten once by then.
const UNTIL_STEADY: Duration = Duration::from_secs(12);
const BEATEN: &str = r#"podling_http_requests_total{method="POST",route="/api/v1/nodes/{id}/heartbeat",status="200"}"#;

/// What one round found.
struct Round {
    per_second: f64,
    master_percent: f64,
    us_each: f64,
    nodes_percent: f64,
}

impl Round {
    fn row(&self) -> Vec<String> {
        row![
            number(self.per_second),
            number(self.master_percent),
            number(self.us_each),
            number(self.nodes_percent),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "heartbeats_per_second": round(self.per_second), "master_percent": round(self.master_percent),
            "us_per_heartbeat": round(self.us_each), "simulation_percent": round(self.nodes_percent),
        })
    }
}

pub async fn measure(setup: &Setup) -> Result<Outcome> {
    let (nodes, seconds, rounds) = (nodes(6_100)?, seconds(60)?, rounds(5)?);
    let args = ["--heartbeat-interval", "5s", "--run-time", "forever"];
    let lab = Lab::start_with(setup, "heartbeats", nodes, &[], &args).await?;
    let mut api = lab.api().await?;
    sleep(UNTIL_STEADY).await;
    let mut rounds_found = vec![];
    for _ in 0..rounds {
        let beaten = api.metric(BEATEN).await?;
        let (cpu, start) = (lab.cpu()?, Instant::now());
        sleep(seconds).await;
        let (cpu, time) = (lab.cpu()?.since(cpu), start.elapsed().as_secs_f64());
        let beaten = api.metric(BEATEN).await? - beaten;
        rounds_found.push(Round {
            per_second: beaten / time,
            master_percent: cpu.master / time * 100.0,
            us_each: cpu.master * 1e6 / beaten.max(1.0),
            nodes_percent: cpu.nodes / time * 100.0,
        });
    }
    let online = api.metric(r#"podling_nodes{state="ready"}"#).await?;
    lab.end().await?;

    let shares: Vec<f64> = rounds_found
        .iter()
        .map(|round| round.master_percent)
        .collect();
    Ok(Outcome {
        scenario: String::new(),
        what: format!(
            "{} idle simulated nodes that beat every 5 s, {} of them ready at the end: the master's processor time (user and \
             system) over {} s, {rounds} times, in percent of one core. The nodes share the connections of one client, \
             at most 128.",
            number(nodes as f64),
            number(online),
            seconds.as_secs(),
        ),
        settings: json!({
            "nodes": nodes, "seconds": seconds.as_secs(), "rounds": rounds, "heartbeat_interval_s": 5,
        }),
        head: texts(&[
            "heartbeats/s",
            "master, % of a core",
            "µs each",
            "simulation, % of a core",
        ]),
        rows: rounds_found.iter().map(Round::row).collect(),
        goals: vec![Goal::at_most(
            "the master's share of a core, median",
            round(median(&shares)),
            3.0,
            "%",
        )],
        comparison: vec![],
        charts: vec![],
        results: json!({
            "nodes_ready": online, "rounds": rounds_found.iter().map(Round::json).collect::<Vec<_>>(),
        }),
        measured_on: Value::Null,
    })
}
