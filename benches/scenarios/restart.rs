//! How long a master with a million tasks takes after SIGKILL until it is ready again.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::api::Api;
use crate::fill;
use crate::outcome::{Goal, Outcome, number, texts};
use crate::restarts::restarts;
use crate::row;
use crate::settings::{rounds, tasks};
use crate::statistics::{median, round};
use crate::support::setup::Setup;
use crate::usage::resident_mb;

const NAME: &str = "restart";

pub async fn measure(setup: &Setup) -> Result<Outcome> {
    let (tasks, rounds) = (tasks(1_000_000)?, rounds(3)?);
    fill::sqlite(&setup.folder.join(NAME), tasks).await?;
    let (running, times) = restarts(setup, NAME, rounds).await?;
    let times: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
    let known = Api::open(&running.address)
        .await?
        .metric(r#"podling_tasks{status="completed"}"#)
        .await?;
    ensure!(
        known == tasks as f64,
        "{known} tasks were loaded, not {tasks}"
    );
    let memory = resident_mb(running.process.id()?)?;
    running.process.kill().await?;
    let folder = setup.folder.join(NAME);
    let bytes = std::fs::metadata(folder.join("podling.db"))?.len();
    std::fs::remove_dir_all(folder)?;

    let middle = round(median(&times));
    let count = number(tasks as f64);
    Ok(Outcome {
        scenario: String::new(),
        what: format!(
            "A master killed with SIGKILL and started again on its SQLite store with {count} tasks (ended, with the five \
             events of their life each), to the first 200 of /ready, asked every ms; the file is in the system's cache.",
        ),
        settings: json!({ "tasks": tasks, "rounds": rounds }),
        head: texts(&[
            "tasks",
            "database MB",
            "/ready after s (median)",
            "all, s",
            "resident MB",
        ]),
        rows: vec![row![
            count,
            number(bytes as f64 / 1e6),
            number(middle),
            times
                .iter()
                .map(|time| format!("{time:.2}"))
                .collect::<Vec<_>>()
                .join(" "),
            number(memory),
        ]],
        goals: vec![Goal::at_most("killed -> /ready", middle, 5.0, "s")],
        comparison: vec![],
        charts: vec![],
        results: json!({ "seconds": times, "database_bytes": bytes, "resident_mb": memory }),
        measured_on: Value::Null,
    })
}
