//! Whether a cluster that has lived takes submissions as fast as a fresh one: in turns, within the same minutes.

use std::time::Duration;

use anyhow::Result;

use crate::lab::Lab;
use crate::load::{self, Load, Until};
use crate::support::setup::Setup;
use crate::throughput::CONNECTIONS;

const REMOVED: &str = r#"podling_events_total{kind="taskRemoved"}"#;

/// A cluster whose tasks run for 1 to 5 s and are forgotten soon after.
pub struct Cluster<'a> {
    pub setup: &'a Setup,
    pub nodes: u64,
    /// Ended tasks are forgotten after so many seconds.
    pub ttl: u64,
    pub body: &'a str,
    /// How long submissions come as fast as they go.
    pub probe: Duration,
}

/// Submissions a second, one figure for each turn.
pub struct Turns {
    pub lived_in: Vec<f64>,
    pub fresh: Vec<f64>,
}

impl Cluster<'_> {
    pub async fn start(&self, name: &str) -> Result<Lab> {
        let of_master = ["--task-ttl", &format!("{}s", self.ttl)];
        let of_nodes = ["--run-time", "1s..5s"];
        Lab::start_with(self.setup, name, self.nodes, &of_master, &of_nodes).await
    }

    /// Submissions as fast as they go.
    pub async fn fastest(&self, lab: &Lab) -> Result<Load> {
        let until = Until::Passed(self.probe);
        load::closed(&lab.master.address, CONNECTIONS, until, self.body).await
    }

    /// Waits until all of so many tasks have run, ended and been forgotten.
    pub async fn until_forgotten(&self, lab: &Lab, submitted: u64) -> Result<()> {
        let patience = Duration::from_secs(120 + self.ttl + submitted / 1_000);
        let mut api = lab.api().await?;
        api.until_metric(REMOVED, submitted as f64, patience).await
    }

    /// This one, which has taken so many submissions, and fresh ones. Nothing is left of a turn when the next begins.
    pub async fn in_turns(&self, lab: &Lab, mut submitted: u64, rounds: usize) -> Result<Turns> {
        let mut turns = Turns {
            lived_in: vec![],
            fresh: vec![],
        };
        for round in 0..rounds {
            self.until_forgotten(lab, submitted).await?;
            let name = format!("fresh-{round}");
            let fresh = self.start(&name).await?;
            turns.fresh.push(self.fastest(&fresh).await?.per_second());
            fresh.end().await?;
            std::fs::remove_dir_all(self.setup.folder.join(name))?;
            let again = self.fastest(lab).await?;
            submitted += again.submitted;
            turns.lived_in.push(again.per_second());
        }
        Ok(turns)
    }
}
