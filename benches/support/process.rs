//! Master and worker as processes of the release executable.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::api::Api;
use super::http::Connection;
use super::setup::Setup;

/// No start takes so long.
const PATIENCE: Duration = Duration::from_secs(120);
const SQLITE: [&str; 2] = ["--store", "sqlite"];

/// A running process of podling, killed when it is dropped.
pub struct Process {
    child: Child,
    log: PathBuf,
}

/// A master, by default on SQLite, in a data directory of its own.
pub struct Master {
    pub process: Process,
    /// `127.0.0.1:PORT`.
    pub address: String,
}

impl Process {
    fn spawn(setup: &Setup, name: &str, mut command: Command) -> Result<Self> {
        let log = setup.folder.join(format!("{name}.log"));
        let file = File::create(&log)?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true);
        Ok(Self {
            child: command.spawn()?,
            log,
        })
    }

    pub fn id(&self) -> Result<u32> {
        self.child.id().context("the process has ended")
    }

    /// Fails with the end of its log when it is not running any more.
    pub fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            bail!("podling ended, {status}:\n{log}");
        }
        Ok(())
    }

    /// SIGKILL.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// SIGTERM, and half a minute to act on it.
    pub async fn stop(mut self) -> Result<()> {
        kill(Pid::from_raw(i32::try_from(self.id()?)?), Signal::SIGTERM)?;
        match timeout(Duration::from_secs(30), self.child.wait()).await {
            Ok(status) => {
                status?;
            }
            Err(_) => self.child.kill().await?,
        }
        Ok(())
    }
}

impl Master {
    /// Starts one and waits until it is ready. `name` names its data directory.
    pub async fn start(setup: &Setup, name: &str) -> Result<Self> {
        Self::start_with(setup, name, &[]).await
    }

    /// The same with these arguments.
    pub async fn start_with(setup: &Setup, name: &str, args: &[&str]) -> Result<Self> {
        Self::start_on(setup, name, &SQLITE, args).await
    }

    /// The same on the store these arguments name.
    pub async fn start_on(
        setup: &Setup,
        name: &str,
        store: &[&str],
        args: &[&str],
    ) -> Result<Self> {
        let mut master = Self::spawn_on(setup, name, store, args)?;
        master.until_ready().await?;
        Ok(master)
    }

    /// Starts one and does not wait.
    pub fn spawn(setup: &Setup, name: &str) -> Result<Self> {
        Self::spawn_on(setup, name, &SQLITE, &[])
    }

    fn spawn_on(setup: &Setup, name: &str, store: &[&str], args: &[&str]) -> Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut command = podling(setup);
        command.args(["master", "--bind", &address]).args(store);
        command.arg("--data-dir").arg(setup.folder.join(name));
        command.args(args);
        let process = Process::spawn(setup, &format!("{name}-master"), command)?;
        Ok(Self { process, address })
    }

    /// Asks every millisecond until it is ready.
    pub async fn until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        while !is_ready(&self.address).await {
            self.process.check()?;
            ensure!(start.elapsed() < PATIENCE, "the master does not get ready");
            sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Starts a worker of it and waits until it takes tasks.
    pub async fn start_worker(&self, setup: &Setup) -> Result<Process> {
        self.start_node(setup, &setup.name).await
    }

    /// The same with this node id.
    pub async fn start_node(&self, setup: &Setup, node: &str) -> Result<Process> {
        let mut command = podling(setup);
        command
            .args([
                "worker",
                "--node-id",
                node,
                "--port",
                &free_port()?.to_string(),
            ])
            .args(["--master-url", &format!("http://{}", self.address)])
            .args(["--shutdown-timeout", "1s"]);
        let mut worker = Process::spawn(setup, &format!("worker-{node}"), command)?;
        let mut api = Api::open(&self.address).await?;
        let start = Instant::now();
        while !api.has_ready_node(node).await.unwrap_or_default() {
            worker.check()?;
            ensure!(start.elapsed() < PATIENCE, "the worker does not get ready");
            sleep(Duration::from_millis(20)).await;
        }
        Ok(worker)
    }
}

/// Simulated nodes in a process of their own.
pub struct Simulation {
    pub process: Process,
}

impl Simulation {
    /// Starts so many, waits until all are ready at the master, and says how long that took.
    pub async fn start(
        setup: &Setup,
        master: &Master,
        nodes: u64,
        args: &[&str],
    ) -> Result<(Self, Duration)> {
        let mut command = podling(setup);
        command
            .args(["simulate", "--nodes", &nodes.to_string()])
            .args(["--port", &free_port()?.to_string()])
            .args(["--master-url", &format!("http://{}", master.address)])
            .args(["--shutdown-timeout", "1s"])
            .args(args);
        let mut api = Api::open(&master.address).await?;
        let start = Instant::now();
        let mut process = Process::spawn(setup, &format!("simulate-{nodes}"), command)?;
        while api.metric(r#"podling_nodes{state="ready"}"#).await? < nodes as f64 {
            process.check()?;
            ensure!(start.elapsed() < PATIENCE, "the nodes do not register");
            sleep(Duration::from_millis(20)).await;
        }
        Ok((Self { process }, start.elapsed()))
    }
}

/// The executable, without anything of the user's configuration.
pub fn podling(setup: &Setup) -> Command {
    let mut command = Command::new(&setup.podling);
    command
        .env_clear()
        .env("HOME", &setup.folder)
        .current_dir(&setup.folder);
    if let Some(host) = std::env::var_os("DOCKER_HOST") {
        command.env("DOCKER_HOST", host);
    }
    command
}

/// Whether `/ready` answers 200.
pub async fn is_ready(address: &str) -> bool {
    let Ok(mut connection) = Connection::open(address).await else {
        return false;
    };
    connection
        .send("GET", "/ready", "")
        .await
        .is_ok_and(|(status, _)| status == 200)
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
