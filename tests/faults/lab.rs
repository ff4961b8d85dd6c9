//! A podling whose master and workers are on hosts of their own, on a network that can be cut. The
//! containers are on this machine's engine: its socket is a file, and those cross namespaces.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::support::clock;
use crate::support::docker::{Cleanup, IMAGE, docker, ensure_image};
use crate::support::network::{Host, Network};
use crate::support::process::tied;

pub const MASTER_PORT: u16 = 8080;
pub const WORKER_PORT: u16 = 8081;

pub struct Lab {
    pub workers: Vec<Worker>,
    master: Option<Child>,
    settings: Vec<String>,
    /// The processes' wall clocks can be set: see [`Lab::set_clock`].
    clocks: bool,
    /// The master's host, where the commands are run, too.
    host: Host,
    network: Network,
    dir: tempfile::TempDir,
}

pub struct Worker {
    pub id: String,
    pub host: Host,
    beat: &'static str,
    child: Child,
    _containers: Cleanup,
}

impl Lab {
    /// A master with these flags, and so many workers that beat every second.
    pub fn start(settings: &[&str], workers: usize) -> Self {
        Self::start_with(settings, workers, false)
    }

    /// The same, with wall clocks that can be set.
    pub fn start_with(settings: &[&str], workers: usize, clocks: bool) -> Self {
        ensure_image();
        let mut network = Network::new();
        let mut lab = Self {
            workers: vec![],
            master: None,
            settings: settings.iter().map(|word| (*word).to_owned()).collect(),
            clocks,
            host: network.host(),
            network,
            dir: tempfile::tempdir().unwrap(),
        };
        lab.start_master();
        for _ in 0..workers {
            lab.add_worker("1s");
        }
        lab.until("the workers to be ready", |lab| {
            lab.nodes()
                .iter()
                .filter(|n| n["condition"] == "ready")
                .count()
                == workers
        });
        lab
    }

    pub fn start_master(&mut self) {
        let mut command = self.podling(&self.host);
        command.args(["master", "--insecure", "--bind", &self.address()]);
        command.arg("--data-dir").arg(self.dir.path().join("data"));
        command.args(&self.settings);
        self.master = Some(self.spawn(command, "master"));
        self.until("the master to answer", |lab| lab.get("/health").0 == 200);
    }

    pub fn kill_master(&mut self) {
        let mut master = self.master.take().expect("it runs");
        master.kill().unwrap();
        master.wait().unwrap();
    }

    pub fn signal_master(&self, signal: Signal) {
        let master = self.master.as_ref().expect("it runs");
        kill(Pid::from_raw(master.id() as i32), signal).unwrap();
    }

    /// SIGKILL, and started again.
    pub fn restart_worker(&mut self, number: usize) {
        let Worker {
            id, host, child, ..
        } = &mut self.workers[number];
        child.kill().unwrap();
        child.wait().unwrap();
        let (id, host) = (id.clone(), host.clone());
        let beat = self.workers[number].beat;
        self.workers[number].child = self.spawn_worker(&id, &host, beat);
    }

    fn spawn_worker(&self, id: &str, host: &Host, beat: &str) -> Child {
        let mut command = self.podling(host);
        command.args(["worker", "--insecure", "--node-id", id]);
        command.args(["--hostname", &host.address, "--bind", &host.address]);
        command.args(["--heartbeat-interval", beat, "--shutdown-timeout", "5s"]);
        self.spawn(command, id)
    }

    /// One more worker, that beats so often.
    pub fn add_worker(&mut self, beat: &'static str) {
        let host = self.network.host();
        let number = self.workers.len();
        let id = format!("lab-{}-{number}", std::process::id());
        let child = self.spawn_worker(&id, &host, beat);
        self.workers.push(Worker {
            beat,
            _containers: Cleanup(id.clone()),
            id,
            host,
            child,
        });
    }

    fn address(&self) -> String {
        format!("{}:{MASTER_PORT}", self.host.address)
    }

    fn podling(&self, host: &Host) -> Command {
        let mut command = host.command(env!("CARGO_BIN_EXE_podling"));
        command
            .current_dir(self.dir.path())
            .env("HOME", self.dir.path());
        command.env_remove("STORE_TYPE").env_remove("DATABASE_URL");
        command.env("PODLING_MASTER_URL", format!("http://{}", self.address()));
        command
    }

    fn spawn(&self, mut command: Command, name: &str) -> Child {
        let path = self.dir.path().join(format!("{name}.log"));
        let log = File::options()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        if self.clocks {
            clock::give(&mut command, &self.clock(name));
        }
        let mut command = tied(command);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        command.spawn().unwrap()
    }

    fn clock(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.clock"))
    }

    /// Sets a process's wall clock so far from the machine's; the name: `master`, or a worker's id.
    pub fn set_clock(&self, name: &str, seconds: i64) {
        clock::set(&self.clock(name), seconds);
    }

    /// What a worker's wall clock says, by which it dates its answers; none while it does not answer.
    pub fn clock_of(&self, number: usize) -> Option<jiff::Timestamp> {
        let address = &self.workers[number].host.address;
        let url = format!("http://{address}:{WORKER_PORT}/health");
        let answer = self.host.visit(|| ureq::get(url).call().ok())?;
        let date = answer.headers()["date"].to_str().unwrap();
        Some(jiff::fmt::rfc2822::parse(date).unwrap().timestamp())
    }

    /// One command of the CLI, on the master's host.
    pub fn command(&self, args: &[&str]) -> Output {
        self.podling(&self.host).args(args).output().unwrap()
    }

    /// Status and body of an answer of the master; 0 when there is none.
    pub fn get(&self, path: &str) -> (u16, Value) {
        let (status, text) = self.text(path);
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    fn text(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.address());
        self.host.visit(|| {
            let agent = ureq::Agent::config_builder().http_status_as_error(false);
            let agent = agent.timeout_global(Some(Duration::from_secs(5)));
            let agent: ureq::Agent = agent.build().into();
            match agent.get(url).call() {
                Ok(mut answer) => {
                    let text = answer.body_mut().read_to_string().unwrap_or_default();
                    (answer.status().as_u16(), text)
                }
                Err(_) => (0, String::new()),
            }
        })
    }

    /// Submits a task that runs until it is stopped; its id.
    pub fn submit(&self, name: &str) -> String {
        self.submit_command(name, &["sleep", "600"])
    }

    /// Submits a task; its id.
    pub fn submit_command(&self, name: &str, command: &[&str]) -> String {
        let url = format!("http://{}/api/v1/tasks", self.address());
        let task = json!({"name": name, "image": IMAGE, "command": command});
        let answer = self.host.visit(|| {
            let answer = ureq::post(url).send_json(task).unwrap();
            answer.into_body().read_json::<Value>().unwrap()
        });
        answer["taskId"].as_str().unwrap().to_owned()
    }

    /// Submits until a task is placed on this worker; its id.
    pub fn submit_to(&self, number: usize) -> String {
        let on_it = |id: &String| self.task(id)["nodeId"] == self.workers[number].id.as_str();
        let mut ids = (0..2 * self.workers.len()).map(|n| self.submit(&format!("try-{n}")));
        ids.find(on_it).expect("they are spread over all")
    }

    /// One running task on each worker, in the order of the workers.
    pub fn one_task_each(&self) -> Vec<String> {
        let ids: Vec<String> = self
            .workers
            .iter()
            .map(|worker| self.submit(&worker.id))
            .collect();
        self.until("the tasks to run", |lab| {
            ids.iter().all(|id| lab.task(id)["status"] == "running")
        });
        let on = |worker: &Worker| {
            let is_there = |id: &&String| self.task(id)["nodeId"] == worker.id.as_str();
            ids.iter().find(is_there).expect("a task on each").clone()
        };
        self.workers.iter().map(on).collect()
    }

    pub fn task(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/tasks/{id}")).1
    }

    pub fn nodes(&self) -> Vec<Value> {
        self.get("/api/v1/nodes")
            .1
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    pub fn node(&self, number: usize) -> Value {
        self.get(&format!("/api/v1/nodes/{}", self.workers[number].id))
            .1
    }

    /// `ready`, `unreachable`, …, or `offline`.
    pub fn condition(&self, number: usize) -> String {
        let node = self.node(number);
        match node["status"].as_str() {
            Some("online") => node["condition"].as_str().unwrap().to_owned(),
            other => other.unwrap_or_default().to_owned(),
        }
    }

    /// The cluster's events of these kinds after this number, as far as they are kept: a master
    /// that was started again tells only its own.
    pub fn events(&self, after: u64, kinds: &[&str]) -> Vec<Value> {
        let (_, text) = self.text("/api/v1/events?follow=false");
        let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
        let events = data.map(|data| serde_json::from_str::<Value>(data).unwrap());
        let events = events.filter(|event| event["sequence"].as_u64().unwrap() > after);
        events
            .filter(|event| kinds.contains(&event["kind"].as_str().unwrap()))
            .collect()
    }

    /// The numbers of all events that are kept.
    pub fn sequences(&self) -> Vec<u64> {
        let (_, text) = self.text("/api/v1/events?follow=false");
        let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
        let number = |data| serde_json::from_str::<Value>(data).unwrap()["sequence"].as_u64();
        data.filter_map(number).collect()
    }

    /// The number of the last event.
    pub fn last_event(&self) -> u64 {
        *self.sequences().last().expect("events")
    }

    /// The running containers of a worker.
    pub fn running(&self, number: usize) -> Vec<String> {
        let filter = format!("label=podling.node={}", self.workers[number].id);
        let ids = docker(&["ps", "-q", "--no-trunc", "--filter", &filter]);
        ids.lines().map(str::to_owned).collect()
    }

    /// Waits for a condition, for a minute at most; how long it took.
    #[expect(clippy::print_stderr, reason = "the figures of a test")]
    pub fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) -> Duration {
        let started = now();
        while !condition(self) {
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "waited a minute for {what}\n{}",
                self.story()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        let took = started.elapsed();
        eprintln!("{what}: {took:?}");
        took
    }

    /// Looks all the time, for so long, that something holds.
    pub fn throughout(&self, window: Duration, what: &str, holds: impl Fn(&Self) -> bool) {
        let started = now();
        while started.elapsed() < window {
            assert!(holds(self), "not so: {what}\n{}", self.story());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What there is to see, for a failed test.
    pub fn story(&self) -> String {
        let events = self.text("/api/v1/events?follow=false").1;
        let log = |name: &str| {
            let path = self.dir.path().join(format!("{name}.log"));
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            format!(
                "--- {name}\n{}\n",
                lines[lines.len().saturating_sub(40)..].join("\n")
            )
        };
        let workers: String = self.workers.iter().map(|worker| log(&worker.id)).collect();
        format!("{events}\n{:#?}\n{}{workers}", self.nodes(), log("master"))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let workers = self.workers.iter_mut().map(|worker| &mut worker.child);
        for child in workers.chain(self.master.as_mut()) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's deadlines and windows")]
pub fn now() -> Instant {
    Instant::now()
}
