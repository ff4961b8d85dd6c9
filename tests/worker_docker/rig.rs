//! A worker under test: in this process, on a runtime of its own, so that it can be cut off like a
//! process that is killed.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use podling::client::{Error, Transport, WorkerClient};
use podling::clock::SystemClock;
use podling::wire::{LogQuery, Report, Task};
use podling::worker::runtime::docker::Docker;
use podling::worker::{self, Options};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::docker::{Cleanup, IMAGE, ensure_image};
use crate::fake_master::{FakeMaster, Told};
use crate::registry::free_port;

/// How long a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Rig {
    pub node_id: String,
    pub master: Arc<FakeMaster>,
    pub options: Options,
    worker: Option<Worker>,
    transport: Transport,
    _cleanup: Cleanup,
}

struct Worker {
    runtime: Runtime,
    ended: JoinHandle<Result<(), worker::Error>>,
    token: CancellationToken,
}

impl Rig {
    /// A running, registered worker.
    pub async fn start(name: &str) -> Self {
        Self::start_with(name, |_| {}).await
    }

    /// The same, with other options.
    pub async fn start_with(name: &str, change: impl FnOnce(&mut Options)) -> Self {
        ensure_image();
        let node_id = format!("test-{}-{name}", std::process::id());
        let mut options = Options {
            node_id: node_id.clone(),
            hostname: "127.0.0.1".into(),
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            master_url: "http://127.0.0.1:1".into(),
            heartbeat_interval: Duration::from_millis(500),
            shutdown_timeout: Duration::from_secs(9),
            leave_running: false,
            capacity: None,
            cpu_millicores: None,
            memory_bytes: None,
            labels: Default::default(),
        };
        change(&mut options);
        let mut rig = Self {
            _cleanup: Cleanup(node_id.clone()),
            node_id,
            master: Arc::default(),
            options,
            worker: None,
            transport: Transport::start().unwrap(),
        };
        rig.start_worker().await;
        rig
    }

    /// Starts a worker (again), and waits until it has registered.
    pub async fn start_worker(&mut self) {
        let before = self.master.told().borrow().registrations.len();
        self.options.port = free_port();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let token = CancellationToken::new();
        let docker = Arc::new(Docker::connect().unwrap());
        let ended = runtime.spawn(worker::run_with(
            self.options.clone(),
            docker,
            self.master.clone(),
            SystemClock::shared(),
            token.clone(),
        ));
        self.worker = Some(Worker {
            runtime,
            ended,
            token,
        });
        self.until("registered", |told| told.registrations.len() > before)
            .await;
    }

    /// Cuts the worker off in whatever it is doing.
    pub fn crash(&mut self) {
        self.worker
            .take()
            .expect("it runs")
            .runtime
            .shutdown_background();
    }

    /// SIGTERM, as it were; waits for the end.
    pub async fn shut_down(&mut self) {
        let worker = self.worker.take().expect("it runs");
        worker.token.cancel();
        let ended = tokio::time::timeout(PATIENCE, worker.ended).await;
        ended
            .expect("it ends")
            .expect("no panic")
            .expect("in order");
        worker.runtime.shutdown_background();
    }

    pub fn client(&self) -> WorkerClient {
        WorkerClient::new(self.transport.clone(), "127.0.0.1", self.options.port)
    }

    /// A task of a shell script.
    pub fn script(&self, id: &str, script: &str) -> Task {
        self.task(id, IMAGE, &["/bin/sh", "-c", script])
    }

    pub fn task(&self, id: &str, image: &str, command: &[&str]) -> Task {
        serde_json::from_value(serde_json::json!({
            "taskId": format!("{}-{id}", self.node_id),
            "name": id,
            "image": image,
            "command": command,
            "attempt": 1,
            "status": "scheduled",
        }))
        .unwrap()
    }

    pub async fn execute(&self, task: &Task) {
        self.client().execute(task).await.unwrap();
    }

    /// Runs it to its end and gives the last report.
    pub async fn run(&self, task: &Task) -> Report {
        self.execute(task).await;
        self.ended(task).await
    }

    pub async fn ended(&self, task: &Task) -> Report {
        let ended = ["completed", "failed", "stopped"];
        self.until_report(task, |report| ended.contains(&report.status.as_str()))
            .await
    }

    pub async fn running(&self, task: &Task) -> Report {
        self.until_report(task, |report| report.status == "running")
            .await
    }

    pub async fn until_report(&self, task: &Task, wanted: impl Fn(&Report) -> bool) -> Report {
        let known = |told: &Told| told.reports.get(&task.task_id).is_some_and(&wanted);
        let told = self.until("a report", known).await;
        told.reports[&task.task_id].clone()
    }

    pub async fn until(&self, what: &str, condition: impl FnMut(&Told) -> bool) -> Told {
        let mut told = self.master.told();
        let found = tokio::time::timeout(PATIENCE, told.wait_for(condition)).await;
        match found {
            Ok(told) => told.unwrap().clone(),
            Err(_) => panic!(
                "waited for: {what}\n{:#?}",
                self.master.told().borrow().reports
            ),
        }
    }

    /// Waits until the worker knows the task no more.
    pub async fn until_forgotten(&self, task: &Task) {
        for _ in 0..600 {
            if self
                .client()
                .status(&task.task_id)
                .await
                .is_err_and(|e| e.is_not_found())
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} is still known after a minute", task.task_id);
    }

    pub async fn logs(&self, task: &Task, query: LogQuery) -> String {
        let bytes = self.client().logs(&task.task_id, &query).await.unwrap();
        let chunks: Vec<Result<_, Error>> = bytes.collect().await;
        let text = chunks
            .into_iter()
            .flat_map(|chunk| chunk.unwrap().to_vec())
            .collect();
        String::from_utf8(text).unwrap()
    }

    /// The container of a task.
    pub fn container(&self, task: &Task) -> String {
        format!("podling-{}-{}-{}", task.name, task.task_id, task.attempt)
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            worker.runtime.shutdown_background();
        }
    }
}

impl Rig {
    /// Waits until the task has written this.
    pub async fn until_it_wrote(&self, task: &Task, text: &str) {
        self.running(task).await;
        let follow = LogQuery {
            follow: Some(true),
            tail: Some("all".into()),
            ..LogQuery::default()
        };
        let mut bytes = self.client().logs(&task.task_id, &follow).await.unwrap();
        let mut seen = String::new();
        let reading = async {
            while !seen.contains(text) {
                let chunk = bytes.next().await.expect("its log goes on").unwrap();
                seen += &String::from_utf8_lossy(&chunk);
            }
        };
        let found = tokio::time::timeout(PATIENCE, reading).await;
        assert!(
            found.is_ok(),
            "{} never wrote {text:?}: {seen:?}",
            task.task_id
        );
    }
}

/// Status and body of a GET, as a client without any knowledge of podling sends it.
pub async fn get(url: &str) -> (u16, String) {
    let url = url.to_owned();
    let getting = tokio::task::spawn_blocking(move || {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build();
        let mut answer = ureq::Agent::new_with_config(config)
            .get(&url)
            .call()
            .unwrap();
        (
            answer.status().as_u16(),
            answer.body_mut().read_to_string().unwrap(),
        )
    });
    getting.await.unwrap()
}
