//! What is lost or doubled when master and worker are killed again and again: what `make torture`
//! found, run here and now. Its tests are on the debug build, and check far more than they count.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// One line of what the tests print: a process killed so many times, and what became of the tasks.
#[derive(Default)]
struct Count {
    kills: u64,
    acknowledged: u64,
    lost_or_doubled: u64,
}

pub async fn measure() -> Result<Value> {
    let mut torture = Command::new("make")
        .arg("torture")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("make torture")?;
    // nextest reports on stderr, what the tests printed included.
    let report = torture.stderr.take().context("its output")?;
    let mut lines = BufReader::new(report).lines();
    let (mut master, mut worker) = (Count::default(), Count::default());
    while let Some(line) = lines.next_line().await? {
        eprintln!("    {line}");
        let line = line.trim();
        if let Some(numbers) = numbers(line) {
            let sum = if line.starts_with("worker") {
                &mut worker
            } else {
                &mut master
            };
            sum.kills += numbers.kills;
            sum.acknowledged += numbers.acknowledged;
            sum.lost_or_doubled += numbers.lost_or_doubled;
        }
    }
    let status = torture.wait().await?;
    ensure!(
        status.success(),
        "make torture: {status}; it says above what was lost, doubled or not as it should be"
    );
    ensure!(
        master.kills > 0 && worker.kills > 0,
        "make torture did not say how often it killed"
    );
    Ok(json!({
        "what": "tasks lost or doubled over kills at random moments (make torture; master on SQLite and PostgreSQL, with and without real containers)",
        "master_kills": master.kills, "worker_kills": worker.kills,
        "acknowledged": master.acknowledged + worker.acknowledged,
        "lost_or_doubled": master.lost_or_doubled + worker.lost_or_doubled, "at_most": 0,
    }))
}

/// Of `master on sqlite killed 150 times: 2000 tasks acknowledged, 0 lost, 0 doubled`.
fn numbers(line: &str) -> Option<Count> {
    let (kills, tasks) = line.split_once(" times: ")?;
    let (_, kills) = kills.rsplit_once("killed ")?;
    let mut numbers = tasks
        .split(", ")
        .filter_map(|part| part.split(' ').next()?.parse().ok());
    Some(Count {
        kills: kills.parse().ok()?,
        acknowledged: numbers.next()?,
        lost_or_doubled: numbers.next()? + numbers.next()?,
    })
}
