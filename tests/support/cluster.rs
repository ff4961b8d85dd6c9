//! A whole podling for one test: real processes of the real binary, the real Docker Engine, free
//! ports, a data directory of its own, node ids nobody else has. Whatever it started is gone when
//! it is dropped, also after a failed assertion.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::docker::{docker, ensure_image, try_docker};
use super::process::tied;

pub struct Cluster {
    pub dir: tempfile::TempDir,
    pub port: u16,
    store: Vec<(String, String)>,
    master: Option<Child>,
    workers: BTreeMap<String, Worker>,
    /// The full ids of nodes whose containers are this test's.
    nodes: BTreeSet<String>,
    tag: String,
    logs: u32,
}

struct Worker {
    port: u16,
    child: Option<Child>,
    args: Vec<String>,
    env: Vec<(String, String)>,
}

impl Cluster {
    /// A running master on SQLite, without workers.
    pub fn start() -> Self {
        Self::start_on(&[("PODLING_MASTER_STORE", "sqlite")])
    }

    /// A running master with these environment variables.
    pub fn start_on(store: &[(&str, &str)]) -> Self {
        let mut cluster = Self::prepare(store);
        cluster.start_master();
        cluster
    }

    /// The same, without starting the master: its data directory ([`Cluster::data_dir`]) can be
    /// made first.
    pub fn prepare(store: &[(&str, &str)]) -> Self {
        ensure_image();
        let tag = format!("e2e-{}-{}", std::process::id(), free_port());
        Self {
            dir: tempfile::tempdir().unwrap(),
            port: free_port(),
            store: store
                .iter()
                .map(|(k, v)| ((*k).into(), (*v).into()))
                .collect(),
            master: None,
            workers: BTreeMap::new(),
            nodes: BTreeSet::new(),
            tag,
            logs: 0,
        }
    }

    /// Where the master's API is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The master's data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn start_master(&mut self) {
        let bind = format!("127.0.0.1:{}", self.port);
        let mut command = self.podling();
        command.args([
            "master",
            "--bind",
            &bind,
            "--node-timeout",
            "3s",
            "--probe-after",
            "1s",
        ]);
        command.arg("--data-dir").arg(self.data_dir());
        command.envs(self.store.iter().cloned());
        self.master = Some(self.spawn(command, "master"));
        self.until("the master to be ready", |c| c.succeeds(&["health"]));
    }

    /// The full id of a node, unlike any other test's.
    pub fn node(&self, name: &str) -> String {
        format!("{}-{name}", self.tag)
    }

    /// Containers of this node are removed at the end; its full id.
    pub fn owns(&mut self, name: &str) -> String {
        let node = self.node(name);
        self.nodes.insert(node.clone());
        node
    }

    pub fn start_worker(&mut self, name: &str, args: &[&str]) {
        self.start_worker_on(name, args, &[]);
    }

    /// A worker with these environment variables, as `DOCKER_HOST`.
    pub fn start_worker_on(&mut self, name: &str, args: &[&str], env: &[(&str, &str)]) {
        self.owns(name);
        let port = self
            .workers
            .get(name)
            .map_or_else(free_port, |worker| worker.port);
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        self.workers.insert(
            name.into(),
            Worker {
                port,
                child: None,
                args,
                env: env
                    .iter()
                    .map(|(k, v)| ((*k).into(), (*v).into()))
                    .collect(),
            },
        );
        self.restart_worker(name);
        let node = self.node(name);
        self.until("the worker to register", |c| {
            c.json(&["nodes"]).as_array().is_some_and(|nodes| {
                nodes
                    .iter()
                    .any(|n| n["nodeId"] == node.as_str() && n["status"] == "online")
            })
        });
    }

    /// Starts the worker's process (again), as it was started first.
    pub fn restart_worker(&mut self, name: &str) {
        let (port, args, env) = {
            let worker = &self.workers[name];
            (
                worker.port.to_string(),
                worker.args.clone(),
                worker.env.clone(),
            )
        };
        let mut command = self.podling();
        command.envs(env);
        command.args(["worker", "--node-id", &self.node(name), "--port", &port]);
        command.args(["--heartbeat-interval", "1s", "--shutdown-timeout", "5s"]);
        command.args(args);
        let child = self.spawn(command, name);
        self.workers.get_mut(name).unwrap().child = Some(child);
    }

    pub fn kill_master(&mut self) {
        let mut child = self.master.take().expect("the master runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// A master on this cluster's data directory, which must end with 1 before it listens: the
    /// last line it says.
    pub fn master_does_not_start(&self) -> String {
        let mut master = self.podling();
        master.args(["master", "--store", "sqlite", "--bind", "127.0.0.1:0"]);
        let output = master
            .arg("--data-dir")
            .arg(self.data_dir())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(!said.contains("listening"), "{said}");
        said.lines().last().unwrap_or_default().to_owned()
    }

    /// The master's process.
    pub fn master_pid(&self) -> u32 {
        self.master.as_ref().expect("the master runs").id()
    }

    /// A signal to the master.
    pub fn signal_master(&self, signal: Signal) {
        let child = self.master.as_ref().expect("the master runs");
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
    }

    /// Waits until the master ends by itself, for a minute at most; its exit code.
    pub fn master_ends(&mut self) -> Option<i32> {
        for _ in 0..1200 {
            let child = self.master.as_mut().expect("the master runs");
            if let Some(status) = child.try_wait().unwrap() {
                self.master = None;
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the master does not end by itself\n{}", self.all_logs());
    }

    pub fn kill_worker(&mut self, name: &str) {
        let mut child = self
            .workers
            .get_mut(name)
            .unwrap()
            .child
            .take()
            .expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM to the worker; its exit code.
    pub fn terminate_worker(&mut self, name: &str) -> Option<i32> {
        let mut child = self
            .workers
            .get_mut(name)
            .unwrap()
            .child
            .take()
            .expect("it runs");
        terminate(&mut child)
    }

    /// SIGTERM to the master; its exit code.
    pub fn terminate_master(&mut self) -> Option<i32> {
        let mut child = self.master.take().expect("the master runs");
        terminate(&mut child)
    }

    /// A signal to the worker's process.
    pub fn signal_worker(&self, name: &str, signal: Signal) {
        let child = self.workers[name].child.as_ref().expect("it runs");
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
    }

    /// Waits for the worker's process to end by itself (or by a signal sent before); its exit code.
    pub fn worker_exit(&mut self, name: &str) -> Option<i32> {
        let worker = self.workers.get_mut(name).unwrap();
        let mut child = worker.child.take().expect("it runs");
        child.wait().unwrap().code()
    }

    /// The same of the master.
    pub fn master_exit(&mut self) -> Option<i32> {
        let mut child = self.master.take().expect("the master runs");
        child.wait().unwrap().code()
    }

    /// What the API answers to a GET; null when it does not.
    pub fn get(&self, path: &str) -> Value {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let answer = ureq::get(&url).call();
        let read = answer.and_then(|mut answer| answer.body_mut().read_json());
        read.unwrap_or(Value::Null)
    }

    /// The events the master keeps: those since it was started.
    pub fn events(&self) -> Vec<Value> {
        let url = format!("{}/api/v1/events?follow=false", self.url());
        let text = ureq::get(&url).call().unwrap().into_body().read_to_string();
        let text = text.unwrap();
        let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
        data.map(|data| serde_json::from_str(data).unwrap())
            .collect()
    }

    /// The node as `podling nodes` shows it.
    pub fn node_json(&self, name: &str) -> Value {
        let id = self.node(name);
        let nodes = self.json(&["nodes"]);
        let mut all = nodes.as_array().into_iter().flatten();
        all.find(|node| node["nodeId"] == id.as_str())
            .cloned()
            .unwrap_or(Value::Null)
    }

    /// The binary, told where this cluster's master is, and nothing of this machine's settings.
    pub fn podling(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_podling"));
        // What is meant for the tests, as PODLING_TORTURE, is no setting of podling's.
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("PODLING_") {
                command.env_remove(key);
            }
        }
        command
            .current_dir(self.dir.path())
            .env("HOME", self.dir.path())
            .env_remove("STORE_TYPE")
            .env_remove("DATABASE_URL")
            .env(
                "PODLING_MASTER_URL",
                format!("http://127.0.0.1:{}", self.port),
            );
        command
    }

    pub fn output(&self, args: &[&str]) -> Output {
        self.podling()
            .args(args)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    pub fn succeeds(&self, args: &[&str]) -> bool {
        self.output(args).status.success()
    }

    /// What a command prints; it must succeed.
    pub fn stdout(&self, args: &[&str]) -> String {
        let output = self.output(args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "podling {args:?}: {stderr}\n{}",
            self.all_logs()
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command prints with `-o json`; null when it fails.
    pub fn json(&self, args: &[&str]) -> Value {
        let output = self
            .podling()
            .args(["-o", "json"])
            .args(args)
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// Submits and gives the task's id.
    pub fn run(&self, args: &[&str]) -> String {
        let mut all = vec!["run"];
        all.extend(args);
        let stdout = self.stdout(&all);
        stdout
            .split_whitespace()
            .next()
            .expect("the task's id")
            .to_owned()
    }

    /// All tasks, ended ones too.
    pub fn tasks(&self) -> Vec<Value> {
        self.json(&["ps", "-a"])
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    pub fn task(&self, id: &str) -> Value {
        self.tasks()
            .into_iter()
            .find(|task| task["taskId"] == id)
            .unwrap_or(Value::Null)
    }

    pub fn until_status(&self, id: &str, status: &str) -> Value {
        self.until(&format!("task {id} to be {status}"), |c| {
            c.task(id)["status"] == status
        });
        self.task(id)
    }

    /// Waits for a condition, for a minute at most.
    pub fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        #[expect(clippy::disallowed_methods, reason = "a test's deadline")]
        let started = Instant::now();
        while !condition(self) {
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "waited a minute for {what}\n{:#?}\n{}",
                self.tasks(),
                self.all_logs()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ids of this cluster's containers on the engine, ended ones too.
    pub fn containers(&self, filters: &[&str]) -> Vec<String> {
        let mut args = vec!["ps", "-a", "-q", "--no-trunc"];
        let nodes: Vec<_> = self
            .nodes
            .iter()
            .map(|n| format!("label=podling.node={n}"))
            .collect();
        for filter in filters {
            args.extend(["--filter", filter]);
        }
        let mut ids = Vec::new();
        // Several filters of one label are all required by the engine, so each node is asked for.
        for node in &nodes {
            let asked: Vec<_> = args.iter().copied().chain(["--filter", node]).collect();
            ids.extend(docker(&asked).lines().map(str::to_owned));
        }
        ids
    }

    fn spawn(&mut self, command: Command, name: &str) -> Child {
        self.logs += 1;
        let path = self.dir.path().join(format!("{:03}-{name}.log", self.logs));
        let log = File::create(path).unwrap();
        let mut command = tied(command);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        command.spawn().unwrap()
    }

    /// What every process of this cluster wrote, for a failed test.
    pub fn all_logs(&self) -> String {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
        paths.sort();
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let tail: Vec<&str> = text.lines().rev().take(60).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            format!("--- {}\n{}\n", path.display(), tail.join("\n"))
        };
        paths.iter().map(read).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let workers = self
            .workers
            .values_mut()
            .filter_map(|worker| worker.child.take());
        for mut child in workers.chain(self.master.take()) {
            let _ = child.kill();
            let _ = child.wait();
        }
        for id in self.containers(&[]) {
            try_docker(&["rm", "-f", "-v", &id]);
        }
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn terminate(child: &mut Child) -> Option<i32> {
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    child.wait().unwrap().code()
}
