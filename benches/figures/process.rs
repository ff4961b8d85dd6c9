//! Master and worker as processes of the release executable.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::Setup;
use crate::api::Api;
use crate::http::Connection;

/// A running process of podling, killed when it is dropped.
pub struct Process {
    child: Child,
    log: PathBuf,
}

/// A master on SQLite, in a data directory of its own.
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
        let mut master = Self::spawn_with(setup, name, args)?;
        while !is_ready(&master.address).await {
            master.process.check()?;
            sleep(Duration::from_millis(1)).await;
        }
        Ok(master)
    }

    /// Starts one and does not wait.
    pub fn spawn(setup: &Setup, name: &str) -> Result<Self> {
        Self::spawn_with(setup, name, &[])
    }

    fn spawn_with(setup: &Setup, name: &str, args: &[&str]) -> Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut command = podling(setup);
        command.args(["master", "--store", "sqlite", "--bind", &address]);
        command.arg("--data-dir").arg(setup.folder.join(name));
        command.args(args);
        let process = Process::spawn(setup, &format!("{name}-master"), command)?;
        Ok(Self { process, address })
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
        while !api.has_ready_node(node).await.unwrap_or_default() {
            worker.check()?;
            sleep(Duration::from_millis(20)).await;
        }
        Ok(worker)
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
