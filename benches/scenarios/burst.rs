//! Forty containers at once on one engine.

use anyhow::Result;
use serde_json::{Value, json};

use crate::api::Api;
use crate::containers::{many_by_podling, many_by_raw_calls, recipe};
use crate::engine::Engine;
use crate::outcome::{Bar, Chart, Goal, Outcome, Shape, number, texts};
use crate::process::Master;
use crate::row;
use crate::settings::{rounds, tasks};
use crate::statistics::{median, round};
use crate::support::setup::Setup;
use crate::swarm::Swarm;

const IN_FLIGHT: [usize; 4] = [4, 8, 16, 40];

/// Containers a second.
struct Rates {
    what: String,
    rounds: Vec<f64>,
}

pub async fn measure(setup: &Setup) -> Result<Outcome> {
    let (tasks, rounds) = (tasks(40)? as usize, rounds(3)?);
    let master = Master::start(setup, "burst").await?;
    let worker = master.start_worker(setup).await?;
    let engine = Engine::connect()?;
    let mut api = Api::open(&master.address).await?;
    let recipe = recipe(setup, &mut api, &engine).await?;
    let swarm = Swarm::init(setup).await?;

    let mut raw: Vec<Rates> = IN_FLIGHT
        .iter()
        .map(|n| Rates::new(format!("raw calls, {n} in flight")))
        .collect();
    let mut podling = Rates::new("podling".into());
    let mut by_swarm = Rates::new("Swarm".into());
    for round in 0..rounds {
        for (in_flight, rates) in IN_FLIGHT.iter().zip(&mut raw) {
            rates
                .rounds
                .push(many_by_raw_calls(&engine, &recipe, tasks, *in_flight).await?);
        }
        let rate = many_by_podling(setup, &master, &mut api, &engine, tasks).await?;
        podling.rounds.push(rate);
        let name = format!("{}-{round}", setup.name);
        let seconds = swarm.run(&engine, &name, &setup.task_image, tasks).await?;
        by_swarm.rounds.push(tasks as f64 / seconds);
    }
    drop(swarm);
    worker.stop().await?;
    master.process.stop().await?;
    Ok(outcome(tasks, rounds, raw, podling, by_swarm))
}

impl Rates {
    fn new(what: String) -> Self {
        Self {
            what,
            rounds: vec![],
        }
    }

    fn median(&self) -> f64 {
        median(&self.rounds)
    }

    fn json(&self) -> Value {
        json!({ "what": self.what, "per_second": self.rounds.iter().copied().map(round).collect::<Vec<_>>() })
    }
}

fn outcome(tasks: usize, rounds: usize, raw: Vec<Rates>, podling: Rates, swarm: Rates) -> Outcome {
    let best = raw.iter().map(Rates::median).fold(0.0, f64::max);
    let ratio = round(podling.median() / best);
    let mut all = raw;
    all.extend([podling, swarm]);
    let rows = all.iter().map(|rates| {
        let rate = rates.median();
        row![
            rates.what,
            number(rate),
            number(tasks as f64 / rate),
            format!("{:.2}", rate / best),
        ]
    });
    let bars = all.iter().map(|rates| Bar {
        label: rates.what.clone(),
        value: rates.median(),
        goal: None,
    });
    Outcome {
        scenario: String::new(),
        what: format!(
            "{tasks} containers at once on one engine, to the last one running, {rounds} rounds in turns, medians: raw calls with \
             so many in flight; {tasks} tasks posted to podling at the same moment; one `docker service create` with {tasks} \
             replicas. Best is the number in flight with the best median."
        ),
        settings: json!({ "tasks": tasks, "rounds": rounds, "in_flight": IN_FLIGHT }),
        head: texts(&["way", "containers/s", "s for all", "times the best raw"]),
        rows: rows.collect(),
        goals: vec![Goal::at_least(
            "podling over the best raw calls",
            ratio,
            0.95,
            "times",
        )],
        comparison: texts(&["Swarm: 40 in 13.1 s where raw calls needed 6.7 s (another machine)"]),
        charts: vec![Chart {
            name: String::new(),
            title: format!("{tasks} containers at once"),
            y: "containers/s".into(),
            shape: Shape::Bars(bars.collect()),
        }],
        results: json!(all.iter().map(Rates::json).collect::<Vec<_>>()),
        measured_on: Value::Null,
    }
}
