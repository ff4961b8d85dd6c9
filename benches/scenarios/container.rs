//! One container, submit to running, by everything a user might pick instead.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};

use crate::api::{Api, Events};
use crate::containers::{LABEL, one_by_podling, one_by_raw_calls, recipe};
use crate::engine::Engine;
use crate::outcome::{Bar, Chart, Goal, Outcome, Shape, number, texts};
use crate::process::{Master, podling};
use crate::row;
use crate::settings::rounds;
use crate::statistics::{median, milliseconds, round, summary};
use crate::support::setup::Setup;
use crate::swarm::{Swarm, docker};

const WAYS: [&str; 5] = [
    "raw Docker API calls",
    "podling, POST to event",
    "podling run (command)",
    "docker run -d (command)",
    "docker service create (command)",
];

/// Everything that is measured in turns.
struct Contest<'a> {
    setup: &'a Setup,
    master: Master,
    api: Api,
    events: Events,
    engine: Engine,
    swarm: Swarm,
    recipe: bollard::models::ContainerCreateBody,
}

pub async fn measure(setup: &Setup) -> Result<Outcome> {
    let rounds = rounds(20)?;
    let master = Master::start(setup, "container").await?;
    let worker = master.start_worker(setup).await?;
    let engine = Engine::connect()?;
    let mut api = Api::open(&master.address).await?;
    let recipe = recipe(setup, &mut api, &engine).await?;
    let mut contest = Contest {
        setup,
        events: Events::open_from_now(&master.address).await?,
        master,
        api,
        engine,
        swarm: Swarm::init(setup).await?,
        recipe,
    };
    let mut times = vec![vec![]; WAYS.len()];
    // The first of each warms up.
    for round in 0..=rounds {
        for turn in 0..WAYS.len() {
            // Whoever comes first in a round has no advantage over all of them.
            let way = (round + turn) % WAYS.len();
            let took = contest.one(way, round).await?;
            if round > 0 {
                times[way].push(took);
            }
        }
    }
    worker.stop().await?;
    contest.master.process.stop().await?;
    Ok(outcome(rounds, &times))
}

impl Contest<'_> {
    /// Milliseconds.
    async fn one(&mut self, way: usize, round: usize) -> Result<f64> {
        let Self {
            setup,
            engine,
            recipe,
            ..
        } = self;
        match way {
            0 => one_by_raw_calls(engine, recipe).await,
            1 => one_by_podling(setup, &mut self.api, &mut self.events, engine).await,
            2 => self.podling_run().await,
            3 => {
                let label = format!("{LABEL}={}", setup.name);
                let start = Instant::now();
                let image = &setup.task_image;
                let run = [
                    "run", "--detach", "--init", "--label", &label, image, "sleep", "3600",
                ];
                let container = docker(&run).await?;
                let took = milliseconds(start.elapsed());
                engine.remove(&container).await?;
                Ok(took)
            }
            _ => {
                let name = format!("{}-{round}", setup.name);
                let seconds = self.swarm.run(engine, &name, &setup.task_image, 1).await?;
                Ok(seconds * 1000.0)
            }
        }
    }

    /// From the start of the command to the event that says that the task runs.
    async fn podling_run(&mut self) -> Result<f64> {
        let master = format!("http://{}", self.master.address);
        let mut command = podling(self.setup);
        command
            .args([
                "--master",
                &master,
                "run",
                "one",
                "--image",
                &self.setup.task_image,
            ])
            .args(["--", "sleep", "3600"]);
        let start = Instant::now();
        let (output, task) = futures_util::join!(command.output(), async {
            self.events.next_within("taskRunning").await
        });
        let took = milliseconds(start.elapsed());
        let output = output?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        self.api.remove(&task?).await?;
        self.engine.until_gone(&self.setup.name).await?;
        Ok(took)
    }
}

fn outcome(rounds: usize, times: &[Vec<f64>]) -> Outcome {
    let raw = median(&times[0]);
    let named = || WAYS.iter().zip(times);
    let rows = named().map(|(way, times)| {
        let middle = median(times);
        let found = summary(times);
        row![
            way,
            number(middle),
            number(found["p95"].as_f64().unwrap_or_default()),
            number(middle - raw),
            format!("{:.2}", middle / raw),
        ]
    });
    let bars = named().map(|(way, times)| Bar {
        label: (*way).to_owned(),
        value: median(times),
        goal: None,
    });
    let results: Map<String, Value> = named()
        .map(|(way, times)| ((*way).to_owned(), json!(times)))
        .collect();
    Outcome {
        scenario: String::new(),
        what: format!(
            "One container of an image that is there, {rounds} rounds in turns, the order turned on by one each round: two raw \
             calls (create, start) of the Docker API; podling from the POST to the taskRunning on the stream of events; \
             `podling run` from its start to the same; `docker run -d` from its start to its end; `docker service create --detach \
             --no-resolve-image` in a swarm of one from its start to the engine's event that the container started. The \
             recipe of the raw calls is what podling itself made."
        ),
        settings: json!({ "rounds": rounds }),
        head: texts(&["way", "median ms", "p95 ms", "over raw, ms", "times raw"]),
        rows: rows.collect(),
        goals: vec![Goal::at_most(
            "over raw calls, median",
            round(median(&times[1]) - raw),
            15.0,
            "ms",
        )],
        comparison: texts(&[
            "`docker service create`: 0.69 s where raw calls took 0.34 s (another machine)",
        ]),
        charts: vec![Chart {
            name: String::new(),
            title: "One container, submit to running (median)".into(),
            y: "ms".into(),
            shape: Shape::Bars(bars.collect()),
        }],
        results: Value::Object(results),
        measured_on: Value::Null,
    }
}
