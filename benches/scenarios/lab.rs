//! A master and simulated nodes.

use std::time::Duration;

use anyhow::Result;

use crate::api::Api;
use crate::process::{Master, Simulation};
use crate::support::setup::Setup;
use crate::usage::cpu_seconds;

/// How long a simulated container takes to start: always the same, so that it can be taken off.
pub const START_MS: u64 = 50;

/// A master on SQLite and simulated nodes with room for everything; killed when dropped.
pub struct Lab {
    pub master: Master,
    pub nodes: Simulation,
    /// From the start of the process to the last node ready at the master.
    pub registered_in: Duration,
}

/// Processor seconds.
#[derive(Clone, Copy)]
pub struct Cpu {
    pub master: f64,
    pub nodes: f64,
    /// This process.
    pub load: f64,
}

impl Lab {
    /// Containers start in 50 ms and run until they are stopped.
    pub async fn start(setup: &Setup, name: &str, nodes: u64) -> Result<Self> {
        Self::start_with(setup, name, nodes, &[], &["--run-time", "forever"]).await
    }

    /// The same with these arguments for the master and for the simulation.
    pub async fn start_with(
        setup: &Setup,
        name: &str,
        nodes: u64,
        of_master: &[&str],
        of_nodes: &[&str],
    ) -> Result<Self> {
        let master = Master::start_with(setup, name, of_master).await?;
        let latency = format!("{START_MS}ms..{START_MS}ms");
        let mut args = vec![
            "--cpu",
            "256",
            "--memory",
            "1Ti",
            "--start-latency",
            &latency,
        ];
        args.extend(of_nodes);
        let (nodes, registered_in) = Simulation::start(setup, &master, nodes, &args).await?;
        Ok(Self {
            master,
            nodes,
            registered_in,
        })
    }

    pub fn cpu(&self) -> Result<Cpu> {
        Ok(Cpu {
            master: cpu_seconds(self.master.process.id()?)?,
            nodes: cpu_seconds(self.nodes.process.id()?)?,
            load: cpu_seconds(std::process::id())?,
        })
    }

    pub async fn api(&self) -> Result<Api> {
        Api::open(&self.master.address).await
    }

    /// Kills both: a hundred thousand tasks are not stopped one by one.
    pub async fn end(self) -> Result<()> {
        self.nodes.process.kill().await?;
        self.master.process.kill().await
    }
}

impl Cpu {
    /// What was used since.
    pub fn since(self, before: Self) -> Self {
        Self {
            master: self.master - before.master,
            nodes: self.nodes - before.nodes,
            load: self.load - before.load,
        }
    }

    pub fn text(self) -> String {
        format!("{:.1} / {:.1} / {:.1}", self.master, self.nodes, self.load)
    }

    pub fn json(self) -> serde_json::Value {
        serde_json::json!({ "master": self.master, "simulate": self.nodes, "load_generator": self.load })
    }
}
