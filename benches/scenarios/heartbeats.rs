//! What the heartbeats of thousands of idle nodes cost the master.

use anyhow::Result;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use crate::lab::Lab;
use crate::outcome::{Goal, Outcome, number, texts};
use crate::row;
use crate::settings::{nodes, seconds};
use crate::statistics::round;
use crate::support::setup::Setup;

/// Every node has beaten once by then.
const UNTIL_STEADY: Duration = Duration::from_secs(12);
const BEATEN: &str = r#"podling_http_requests_total{method="POST",route="/api/v1/nodes/{id}/heartbeat",status="200"}"#;

pub async fn measure(setup: &Setup) -> Result<Outcome> {
    let (nodes, seconds) = (nodes(6_100)?, seconds(60)?);
    let args = ["--heartbeat-interval", "5s", "--run-time", "forever"];
    let lab = Lab::start_with(setup, "heartbeats", nodes, &[], &args).await?;
    let mut api = lab.api().await?;
    sleep(UNTIL_STEADY).await;
    let (cpu, beaten) = (lab.cpu()?, api.metric(BEATEN).await?);
    sleep(seconds).await;
    let (cpu, beaten) = (lab.cpu()?.since(cpu), api.metric(BEATEN).await? - beaten);
    let online = api.metric(r#"podling_nodes{state="ready"}"#).await?;
    lab.end().await?;

    let time = seconds.as_secs_f64();
    let percent = round(cpu.master / time * 100.0);
    let us_each = cpu.master * 1e6 / beaten.max(1.0);
    Ok(Outcome {
        scenario: String::new(),
        what: format!(
            "{} idle simulated nodes that beat every 5 s: the master's processor time (user and system) over {time} s, \
             in percent of one core.",
            number(nodes as f64),
        ),
        settings: json!({ "nodes": nodes, "seconds": time, "heartbeat_interval_s": 5 }),
        head: texts(&[
            "nodes ready",
            "heartbeats/s",
            "master, % of a core",
            "µs each",
            "simulation, % of a core",
        ]),
        rows: vec![row![
            number(online),
            number(beaten / time),
            number(percent),
            number(us_each),
            number(cpu.nodes / time * 100.0),
        ]],
        goals: vec![Goal::at_most(
            "the master's share of a core",
            percent,
            3.0,
            "%",
        )],
        comparison: vec![],
        charts: vec![],
        results: json!({
            "nodes_ready": online, "heartbeats_per_second": round(beaten / time), "cpu_seconds": cpu.json(),
            "master_percent": percent, "us_per_heartbeat": round(us_each),
        }),
        measured_on: Value::Null,
    })
}
