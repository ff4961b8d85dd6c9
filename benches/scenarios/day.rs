//! A long time of it: two million tasks come, run and are forgotten.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::latency::Latency;
use crate::lived_in::{Cluster, Turns};
use crate::load;
use crate::outcome::{Chart, Goal, Line, Outcome, Shape, number, texts};
use crate::row;
use crate::settings::{nodes, number as setting, rate, rounds, seconds, tasks};
use crate::statistics::{median, round};
use crate::support::setup::Setup;
use crate::throughput::CONNECTIONS;
use crate::usage::resident_bytes;

/// The run is cut into so many parts; what is found is by part.
const PARTS: usize = 100;
const TENTH: usize = PARTS / 10;
/// How often is looked at memory, which goes up and down within a part: of its looks, a part keeps the highest (what
/// the machine must have) and the lowest.
const LOOK: Duration = Duration::from_secs(1);
const COMPLETED: &str = r#"podling_events_total{kind="taskCompleted"}"#;

/// How it was in a part, or at its end.
struct Sample {
    minutes: f64,
    highest_resident_mb: f64,
    lowest_resident_mb: f64,
    last_resident_mb: f64,
    database_mb: f64,
}

pub async fn measure(setup: &Setup) -> Result<Outcome> {
    let (nodes, tasks, rate) = (nodes(1_000)?, tasks(2_000_000)?, rate(2_000)?);
    let (ttl, probe, rounds) = (setting("BENCH_TTL", 30)?, seconds(10)?, rounds(3)?);
    ensure!(
        tasks >= 10 * PARTS as u64,
        "too few tasks for {PARTS} parts"
    );
    let body = load::task(&setup.task_image);
    let cluster = Cluster {
        setup,
        nodes,
        ttl,
        body: &body,
        probe,
    };
    let lab = cluster.start("day").await?;

    let warm_up = cluster.fastest(&lab).await?;
    // So that the first part is not about these.
    let patience = Duration::from_secs(120);
    let ended = warm_up.submitted as f64;
    lab.api()
        .await?
        .until_metric(COMPLETED, ended, patience)
        .await?;
    let latencies = (0..PARTS)
        .map(|_| Latency::new())
        .collect::<Result<Vec<_>>>()?;
    let latencies = RefCell::new(latencies);
    let start = Instant::now();
    let took = Duration::from_secs_f64(tasks as f64 / rate as f64);
    let submitting = load::open(
        &lab.master.address,
        CONNECTIONS,
        (tasks, rate as f64),
        &body,
        |_, moment, now| {
            let part = (moment - start).as_secs_f64() / took.as_secs_f64() * PARTS as f64;
            latencies.borrow_mut()[(part as usize).min(PARTS - 1)].record(now - moment);
        },
    );
    let data = setup.folder.join("day");
    let sampling = sample(lab.master.process.id()?, &data, took / PARTS as u32);
    let (load, samples) = futures_util::try_join!(submitting, sampling)?;
    let at_once = cluster.fastest(&lab).await?;
    let all = warm_up.submitted + load.submitted + at_once.submitted;
    let turns = cluster.in_turns(&lab, all, rounds).await?;
    lab.end().await?;
    std::fs::remove_dir_all(data)?;
    let found = Found {
        samples,
        latencies: latencies.into_inner(),
        at_once: at_once.per_second(),
        turns,
        per_second: load.per_second(),
    };
    let settings = json!({
        "nodes": nodes, "tasks": tasks, "rate": rate, "task_ttl_s": ttl, "run_time_s": [1, 5],
        "connections": CONNECTIONS, "probe_s": probe.as_secs(), "probes": rounds,
    });
    found.outcome(settings, (nodes, tasks, ttl))
}

async fn sample(master: u32, data: &Path, every: Duration) -> Result<Vec<Sample>> {
    let start = Instant::now();
    let mut samples = Vec::with_capacity(PARTS);
    for part in 1..=PARTS {
        let end = start + every * part as u32;
        let (mut highest, mut lowest) = (0, u64::MAX);
        let last = loop {
            sleep(LOOK.min(end.saturating_duration_since(Instant::now()))).await;
            let resident = resident_bytes(master)?;
            (highest, lowest) = (highest.max(resident), lowest.min(resident));
            if Instant::now() >= end {
                break resident;
            }
        };
        samples.push(Sample {
            minutes: start.elapsed().as_secs_f64() / 60.0,
            highest_resident_mb: highest as f64 / 1e6,
            lowest_resident_mb: lowest as f64 / 1e6,
            last_resident_mb: last as f64 / 1e6,
            database_mb: size(data)? as f64 / 1e6,
        });
    }
    Ok(samples)
}

/// The database with its write-ahead log.
fn size(data: &Path) -> Result<u64> {
    let sizes = ["podling.db", "podling.db-wal"].map(|file| {
        let metadata = std::fs::metadata(data.join(file));
        metadata.map_or(0, |metadata| metadata.len())
    });
    ensure!(sizes[0] > 0, "no database in {}", data.display());
    Ok(sizes.iter().sum())
}

/// The mean, and how far from it the farthest is, as a part of it.
fn off_mean(values: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let mean = values.clone().sum::<f64>() / values.len() as f64;
    let off = values.map(|value| (value - mean).abs() / mean);
    (mean, off.fold(0.0, f64::max))
}

struct Found {
    samples: Vec<Sample>,
    latencies: Vec<Latency>,
    /// Closed loop, a second, right after the last of them.
    at_once: f64,
    /// The same when they are all forgotten, and of fresh clusters.
    turns: Turns,
    per_second: f64,
}

impl Found {
    fn outcome(&self, settings: Value, (nodes, tasks, ttl): (u64, u64, u64)) -> Result<Outcome> {
        let half = &self.samples[PARTS / 2..];
        let (mean, off) = off_mean(half.iter().map(|sample| sample.highest_resident_mb));
        let (_, moments_off) = off_mean(half.iter().map(|sample| sample.last_resident_mb));
        let lowest = half
            .iter()
            .map(|sample| sample.lowest_resident_mb)
            .fold(f64::INFINITY, f64::min);
        let database = |samples: &[Sample]| {
            samples
                .iter()
                .map(|sample| sample.database_mb)
                .fold(0.0, f64::max)
        };
        let database_grown = database(half) / database(&self.samples[..PARTS / 2]).max(1e-9);
        let (first, last) = (self.p99(0..TENTH)?, self.p99(PARTS - TENTH..PARTS)?);
        let (lived_in, fresh) = (median(&self.turns.lived_in), median(&self.turns.fresh));
        let rows = (0..10).map(|tenth| {
            let part = tenth * TENTH..(tenth + 1) * TENTH;
            let samples = &self.samples[part.clone()];
            let highest = samples
                .iter()
                .map(|sample| sample.highest_resident_mb)
                .fold(0.0, f64::max);
            anyhow::Ok(row![
                tenth + 1,
                number(highest),
                number(samples[TENTH - 1].database_mb),
                number(self.quantile(0.5, part.clone())?),
                number(self.p99(part)?),
            ])
        });
        let lines = |label: &str, of: fn(&Sample) -> f64| Line {
            label: label.into(),
            points: self
                .samples
                .iter()
                .map(|sample| (sample.minutes, of(sample)))
                .collect(),
        };
        let p99s = self.samples.iter().zip(&self.latencies);
        let chart = |name: &str, title: &str, y: &str, lines| Chart {
            name: name.into(),
            title: title.into(),
            y: y.into(),
            shape: Shape::Lines {
                x: "minutes".into(),
                lines,
            },
        };
        Ok(Outcome {
            scenario: String::new(),
            what: format!(
                "{} tasks through {} simulated nodes, {} a second in an open loop; each runs for 1 to 5 s and is forgotten {ttl} s \
                 after its end. The rows are tenths of the run: the master's highest resident memory, looked at each second, the \
                 database with its log at their end, and the latency of submissions from the moment each was to be sent. After it, when there is no task \
                 any more, submissions in a closed loop as fast as they go, in turns with fresh clusters, medians: {:.0} and \
                 {:.0} a second. The same right after the last of them, while those before are run, ended and forgotten: {:.0}. \
                 Memory over the last half: of the highest of each hundredth of the run the one farthest from their mean, which is \
                 {:.0} MB; the lowest of all looks in that half was {:.0} MB. By one look at the end of each hundredth, as it was \
                 judged before, it is {:.2} % off.",
                number(tasks as f64),
                number(nodes as f64),
                number(self.per_second),
                lived_in,
                fresh,
                self.at_once,
                mean,
                lowest,
                moments_off * 100.0,
            ),
            settings,
            head: texts(&[
                "tenth",
                "resident MB",
                "database MB",
                "submit p50 ms",
                "submit p99 ms",
            ]),
            rows: rows.collect::<Result<_>>()?,
            goals: vec![
                Goal::at_most(
                    "highest memory of each hundredth of the last half, off their mean",
                    round(off * 100.0),
                    5.0,
                    "%",
                ),
                Goal::at_most(
                    "largest database, second half over first",
                    round(database_grown),
                    1.05,
                    "times",
                ),
                Goal::at_most(
                    "p99 of the last tenth over the first",
                    round(last / first),
                    1.1,
                    "times",
                ),
                Goal::at_least(
                    "fastest submissions, over those of a fresh cluster",
                    round(lived_in / fresh),
                    0.95,
                    "times",
                ),
            ],
            comparison: vec![],
            charts: vec![
                chart(
                    "memory",
                    "Resident memory and database",
                    "MB",
                    vec![
                        lines("master, resident, highest", |sample| {
                            sample.highest_resident_mb
                        }),
                        lines("lowest", |sample| sample.lowest_resident_mb),
                        lines("database with log", |sample| sample.database_mb),
                    ],
                ),
                chart(
                    "latency",
                    "Latency of submissions",
                    "ms",
                    vec![Line {
                        label: "p99 of each hundredth of the run".into(),
                        points: p99s
                            .map(|(sample, latency)| (sample.minutes, latency.ms(0.99)))
                            .collect(),
                    }],
                ),
            ],
            results: json!({
                "fastest_per_second": {
                    "at_once": round(self.at_once),
                    "lived_in": self.turns.lived_in,
                    "fresh": self.turns.fresh,
                },
                "per_second": round(self.per_second),
                "samples": self.samples.iter().zip(&self.latencies).map(|(sample, latency)| json!([
                    round(sample.minutes), round(sample.highest_resident_mb), round(sample.lowest_resident_mb), round(sample.database_mb),
                    latency.ms(0.99), round(sample.last_resident_mb),
                ])).collect::<Vec<_>>(),
            }),
            measured_on: Value::Null,
        })
    }

    fn p99(&self, parts: std::ops::Range<usize>) -> Result<f64> {
        self.quantile(0.99, parts)
    }

    fn quantile(&self, quantile: f64, parts: std::ops::Range<usize>) -> Result<f64> {
        let mut all = Latency::new()?;
        for latency in self.latencies.get(parts).context("no such part")? {
            all.add(latency)?;
        }
        Ok(all.ms(quantile))
    }
}
