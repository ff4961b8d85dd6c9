//! A master and simulated nodes, as child processes; both are gone when the test ends.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::cluster::free_port;
use crate::support::http::{Answer, send};

pub struct Lab {
    dir: tempfile::TempDir,
    master_port: u16,
    port: u16,
    master: Option<Child>,
    nodes: Option<Child>,
}

impl Lab {
    /// A master on SQLite, and no nodes yet.
    pub fn start() -> Self {
        let mut lab = Self::without_master();
        lab.start_master();
        lab
    }

    pub fn without_master() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            master_port: free_port(),
            port: free_port(),
            master: None,
            nodes: None,
        }
    }

    pub fn start_master(&mut self) {
        let bind = format!("127.0.0.1:{}", self.master_port);
        let mut command = self.podling();
        command.args(["master", "--bind", &bind, "--data-dir"]);
        command.arg(self.dir.path().join("data"));
        command.args(["--node-timeout", "6s"]);
        self.master = Some(self.spawn(command, "master.log"));
        self.wait("the master to answer", |lab| {
            lab.ask_master("GET", "/health", &Value::Null).is_some()
        });
    }

    /// The port the nodes listen on.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn simulate(&mut self, args: &[&str]) {
        let port = self.port.to_string();
        let mut command = self.podling();
        command.arg("simulate").args(args);
        command.args(["--port", &port, "--shutdown-timeout", "5s"]);
        self.nodes = Some(self.spawn(command, "nodes.log"));
    }

    /// Kills the nodes at once.
    pub fn kill(&mut self) {
        let mut nodes = self.nodes.take().unwrap();
        nodes.kill().unwrap();
        nodes.wait().unwrap();
    }

    /// Asks the nodes to end; their exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        let mut nodes = self.nodes.take().unwrap();
        kill(Pid::from_raw(nodes.id() as i32), Signal::SIGTERM).unwrap();
        nodes.wait().unwrap().code()
    }

    /// The binary, told where this master is, and nothing of this machine's settings.
    pub fn podling(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_podling"));
        command
            .env_clear()
            .current_dir(self.dir.path())
            .env("HOME", self.dir.path())
            .env("PODLING_MASTER_URL", self.master_url())
            .stdin(Stdio::null());
        command
    }

    /// What a command prints; it must succeed.
    pub fn stdout(&self, args: &[&str]) -> String {
        let output = self.podling().args(args).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "podling {args:?}: {stderr}\n{}",
            self.log()
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Submits a task; its id.
    pub fn submit(&self, task: &Value) -> String {
        let answer = self.ask_master("POST", "/api/v1/tasks", task).unwrap();
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.body["taskId"].as_str();
        id.expect("the task's id").to_owned()
    }

    /// All tasks, ended ones too.
    pub fn tasks(&self) -> Vec<Value> {
        self.list(&["ps", "-a"])
    }

    pub fn nodes(&self) -> Vec<Value> {
        self.list(&["nodes"])
    }

    /// Asks the node at this address.
    pub fn ask(&self, address: &str, path: &str) -> Option<Answer> {
        let url = format!("http://{address}:{}", self.port);
        send(&url, "GET", path, None, &Value::Null)
    }

    /// Whether the node that the master has a task on says itself that it runs.
    pub fn runs_there(&self, task: &Value) -> bool {
        let (node, id) = (task["nodeId"].as_str(), task["taskId"].as_str());
        let nodes = self.nodes();
        let node = nodes.iter().find(|it| it["nodeId"].as_str() == node);
        let address = node.and_then(|node| node["hostname"].as_str());
        let (Some(address), Some(id)) = (address, id) else {
            return false;
        };
        let answer = self.ask(address, &format!("/api/v1/tasks/{id}/status"));
        answer.is_some_and(|answer| answer.body["status"] == "running")
    }

    pub fn until_online(&self, count: usize) {
        self.wait(&format!("{count} nodes to be online"), |lab| {
            let nodes = lab.nodes();
            nodes
                .iter()
                .filter(|node| node["status"] == "online")
                .count()
                == count
        });
    }

    pub fn until(&self, what: &str, condition: impl Fn(&[Value]) -> bool) {
        self.wait(what, |lab| condition(&lab.tasks()));
    }

    /// Waits until the nodes' process said this.
    pub fn until_logged(&self, text: &str) {
        self.wait(&format!("{text:?} in the log"), |lab| {
            lab.log().contains(text)
        });
    }

    /// What the nodes' process said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file("nodes.log")).unwrap_or_default()
    }

    fn master_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.master_port)
    }

    fn ask_master(&self, method: &str, path: &str, body: &Value) -> Option<Answer> {
        send(&self.master_url(), method, path, None, body)
    }

    fn list(&self, args: &[&str]) -> Vec<Value> {
        let text = self.stdout(&[&["-o", "json"], args].concat());
        serde_json::from_str(&text).unwrap()
    }

    fn log_file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn spawn(&self, mut command: Command, log: &str) -> Child {
        let log = File::create(self.log_file(log)).unwrap();
        command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// Waits for a condition, for a minute at most.
    fn wait(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        #[expect(clippy::disallowed_methods, reason = "a test's deadline")]
        let started = Instant::now();
        while !condition(self) {
            let master = std::fs::read_to_string(self.log_file("master.log")).unwrap_or_default();
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "waited a minute for {what}\n{}\n{master}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for mut child in self.nodes.take().into_iter().chain(self.master.take()) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
