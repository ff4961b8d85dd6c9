//! A hundred thousand tasks: the first page of them, and all of them.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::fill;
use crate::http::{Connection, request};
use crate::latency::Latency;
use crate::outcome::{Bar, Chart, Goal, Outcome, Shape, number, texts};
use crate::process::Master;
use crate::row;
use crate::settings::{rounds, tasks};
use crate::statistics::{median, milliseconds, round};
use crate::support::setup::Setup;
use crate::usage::resident_bytes;

const PAGES: usize = 500;
const PAGE: usize = 1_000;
const MIB: f64 = 1024.0 * 1024.0;
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn measure(setup: &Setup) -> Result<Outcome> {
    let (tasks, rounds) = (tasks(100_000)?, rounds(15)?);
    fill::sqlite(&setup.folder.join("list"), tasks).await?;
    let master = Master::start(setup, "list").await?;
    let mut connection = Connection::open(&master.address).await?;
    check(&mut connection, tasks).await?;

    let mut first = Latency::new()?;
    let page = request("GET", "/api/v1/tasks?limit=100", "");
    for _ in 0..PAGES {
        let start = Instant::now();
        let (head, _) = connection.exchange(&page).await?;
        ensure!(head.status == 200, "a page was answered {}", head.status);
        first.record(start.elapsed());
    }

    let pid = master.process.id()?;
    let before = resident_bytes(pid)?;
    let (mut all, mut bytes, mut highest) = (vec![], 0, before);
    for _ in 0..rounds {
        let start = Instant::now();
        let watching = highest_resident(pid, &mut highest);
        tokio::select! {
            read = timeout(PATIENCE, all_at_once(&mut connection)) => bytes = read??,
            failed = watching => failed?,
        }
        all.push(milliseconds(start.elapsed()));
    }
    let grown = highest.saturating_sub(before) as f64 / MIB;

    let mut paged = Vec::new();
    for _ in 0..rounds.div_ceil(4) {
        let start = Instant::now();
        page_through(&mut connection).await?;
        paged.push(milliseconds(start.elapsed()));
    }
    master.process.kill().await?;

    let (p50, whole) = (first.ms(0.5), round(median(&all)));
    let answer_mib = bytes as f64 / MIB;
    let count = number(tasks as f64);
    let bar = |label: &str, value, goal| Bar {
        label: label.into(),
        value,
        goal,
    };
    Ok(Outcome {
        scenario: String::new(),
        what: format!(
            "{count} tasks with their history in a master on SQLite, asked for over one kept connection: the first page \
             of 100 ({PAGES} times), all in one answer, which the master streams ({rounds} times, to the last byte, not parsed), and \
             all in pages of {PAGE}. Memory: the master's highest resident memory while it sends all, looked at every 5 ms, \
             less what it was before.",
        ),
        settings: json!({ "tasks": tasks, "pages": PAGES, "rounds": rounds, "page": PAGE }),
        head: texts(&["what", "p50 ms", "p99 ms", "master's memory, MiB"]),
        rows: vec![
            row![
                "first page of 100",
                number(p50),
                number(first.ms(0.99)),
                "-"
            ],
            row![
                format!("all {count} ({} MiB)", number(answer_mib)),
                number(whole),
                number(all.iter().copied().fold(0.0, f64::max)),
                format!("+ {}", number(grown)),
            ],
            row![
                format!("all, in pages of {PAGE}"),
                number(median(&paged)),
                "-",
                "-"
            ],
        ],
        goals: vec![
            Goal::at_most("first page of 100, p50", p50, 5.0, "ms"),
            Goal::at_most(format!("all {count}, median"), whole, 400.0, "ms"),
        ],
        comparison: vec![],
        charts: vec![Chart {
            name: String::new(),
            title: format!("Listing {count} tasks"),
            y: "ms".into(),
            shape: Shape::Bars(vec![
                bar("first 100", p50, Some(5.0)),
                bar("all at once", whole, Some(400.0)),
                bar("all, in pages", median(&paged), None),
            ]),
        }],
        results: json!({
            "first_page_ms": first.summary(), "all_ms": all, "paged_ms": paged, "answer_bytes": bytes,
            "resident_before_bytes": before, "resident_highest_bytes": highest,
        }),
        measured_on: Value::Null,
    })
}

/// That all are there: once, and not while it is timed.
async fn check(connection: &mut Connection, tasks: u64) -> Result<()> {
    let (_, body) = connection
        .exchange(&request("GET", "/api/v1/tasks", ""))
        .await?;
    let listed: Vec<serde::de::IgnoredAny> = serde_json::from_slice(&body)?;
    ensure!(
        listed.len() as u64 == tasks,
        "{} tasks, not {tasks}",
        listed.len()
    );
    Ok(())
}

/// Reads all and keeps nothing; how many bytes it was.
async fn all_at_once(connection: &mut Connection) -> Result<usize> {
    let mut bytes = 0;
    let request = request("GET", "/api/v1/tasks", "");
    let status = connection
        .look(&request, |piece| bytes += piece.len())
        .await?;
    ensure!(status == 200, "the list was answered {status}");
    Ok(bytes)
}

async fn page_through(connection: &mut Connection) -> Result<()> {
    let mut cursor = "0".to_owned();
    loop {
        let path = format!("/api/v1/tasks?limit={PAGE}&cursor={cursor}");
        let (head, _) = connection.exchange(&request("GET", &path, "")).await?;
        ensure!(head.status == 200, "a page was answered {}", head.status);
        match head.header("podling-next-cursor") {
            Some(next) => next.clone_into(&mut cursor),
            None => return Ok(()),
        }
    }
}

async fn highest_resident(pid: u32, highest: &mut u64) -> Result<()> {
    loop {
        *highest = resident_bytes(pid)?.max(*highest);
        sleep(Duration::from_millis(5)).await;
    }
}
