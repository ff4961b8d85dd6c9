//! The few calls of the master's API that the measurements need.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::http::{Connection, find};

const PATIENCE: Duration = Duration::from_secs(120);

/// A master closes connections nobody uses; one that was not used for so long is made anew.
const FRESH: Duration = Duration::from_secs(1);

/// A connection to a master.
pub struct Api {
    address: String,
    connection: Connection,
    used: Instant,
}

impl Api {
    pub async fn open(address: &str) -> Result<Self> {
        Ok(Self {
            address: address.to_owned(),
            connection: Connection::open(address).await?,
            used: Instant::now(),
        })
    }

    async fn send(&mut self, method: &str, path: &str, body: &str) -> Result<(u16, Vec<u8>)> {
        if self.used.elapsed() > FRESH {
            self.connection = Connection::open(&self.address).await?;
        }
        let answer = self.connection.send(method, path, body).await;
        self.used = Instant::now();
        answer
    }

    /// A task that runs for a long time: what is measured is its start.
    pub fn sleeper(image: &str) -> String {
        json!({ "name": "sleeper", "image": image, "command": ["sleep", "3600"] }).to_string()
    }

    /// Submits; the task's id.
    pub async fn submit(&mut self, body: &str) -> Result<String> {
        let task = self.call("POST", "/api/v1/tasks", body, 201).await?;
        Ok(task["taskId"]
            .as_str()
            .context("a task without an id")?
            .to_owned())
    }

    pub async fn task(&mut self, id: &str) -> Result<Value> {
        self.call("GET", &format!("/api/v1/tasks/{id}"), "", 200)
            .await
    }

    /// Looks every five milliseconds until the task's status is one of these.
    pub async fn until_status(&mut self, id: &str, wanted: &[&str]) -> Result<Value> {
        let start = Instant::now();
        loop {
            let task = self.task(id).await?;
            ensure!(
                start.elapsed() < PATIENCE,
                "not {wanted:?} within two minutes: {task}"
            );
            let status = task["status"].as_str().unwrap_or_default();
            if wanted.contains(&status) {
                return Ok(task);
            }
            ensure!(!is_over(status), "the task is over too soon: {task}");
            sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn list(&mut self, query: &str) -> Result<Vec<Value>> {
        let tasks = self
            .call("GET", &format!("/api/v1/tasks{query}"), "", 200)
            .await?;
        Ok(tasks.as_array().cloned().unwrap_or_default())
    }

    /// Stops it if need be, and forgets it.
    pub async fn remove(&mut self, id: &str) -> Result<()> {
        let path = format!("/api/v1/tasks/{id}?force=true");
        let (status, body) = self.send("DELETE", &path, "").await?;
        let body = String::from_utf8_lossy(&body);
        ensure!(
            matches!(status, 200 | 202 | 404),
            "DELETE {path}: {status} {body}"
        );
        Ok(())
    }

    /// A figure of `/metrics`, named with its labels: `podling_tasks{status="running"}`.
    pub async fn metric(&mut self, name: &str) -> Result<f64> {
        let (status, text) = self.send("GET", "/metrics", "").await?;
        ensure!(status == 200, "GET /metrics: {status}");
        let text = String::from_utf8_lossy(&text);
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(value.map_or(Ok(0.0), str::parse)?)
    }

    /// Waits until a figure of `/metrics` is at least so large; looks less often where that costs
    /// the master more, so that it is a twentieth of its time at most.
    pub async fn until_metric(&mut self, name: &str, least: f64, patience: Duration) -> Result<()> {
        let start = Instant::now();
        loop {
            let asked = Instant::now();
            let value = self.metric(name).await?;
            if value >= least {
                return Ok(());
            }
            ensure!(
                start.elapsed() < patience,
                "{name} is {value}, not {least}, after {patience:?}"
            );
            sleep((asked.elapsed() * 20).max(Duration::from_millis(20))).await;
        }
    }

    pub async fn has_ready_node(&mut self, id: &str) -> Result<bool> {
        let nodes = self.call("GET", "/api/v1/nodes", "", 200).await?;
        let is_ready = |node: &Value| {
            node["nodeId"] == id && node["condition"] == "ready" && node["status"] == "online"
        };
        Ok(nodes
            .as_array()
            .is_some_and(|nodes| nodes.iter().any(is_ready)))
    }

    async fn call(&mut self, method: &str, path: &str, body: &str, wanted: u16) -> Result<Value> {
        let (status, answer) = self.send(method, path, body).await?;
        let text = String::from_utf8_lossy(&answer);
        ensure!(status == wanted, "{method} {path}: {status} {text}");
        Ok(serde_json::from_slice(&answer)?)
    }
}

/// The stream of the cluster's events: it says at once when a task runs, without being asked.
pub struct Events(Connection);

impl Events {
    pub async fn open(address: &str) -> Result<Self> {
        let mut connection = Connection::open(address).await?;
        // The answer has begun, so what happens from now on is in it.
        connection.subscribe("/api/v1/events").await?;
        Ok(Self(connection))
    }

    /// The same without what happened before, which [`Self::open`] may still show.
    pub async fn open_from_now(address: &str) -> Result<Self> {
        let mut connection = Connection::open(address).await?;
        let (status, kept) = connection
            .send("GET", "/api/v1/events?follow=false", "")
            .await?;
        ensure!(status == 200, "GET /api/v1/events: {status}");
        let kept = String::from_utf8_lossy(&kept);
        let last = kept
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("id: "));
        let after = last.unwrap_or("0");
        connection
            .subscribe(&format!("/api/v1/events?after={after}"))
            .await?;
        Ok(Self(connection))
    }

    /// Waits until each of these tasks is said to run.
    pub async fn until_running(&mut self, ids: &[String]) -> Result<()> {
        self.until("taskRunning", ids).await
    }

    /// Waits until an event of this kind has come for each of these tasks.
    pub async fn until(&mut self, kind: &str, ids: &[String]) -> Result<()> {
        let begin = about(kind);
        let mut left: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let all = async {
            while !left.is_empty() {
                let task = self.next_about(&begin).await?;
                left.remove(task.as_str());
            }
            Ok(())
        };
        timeout(PATIENCE, all)
            .await
            .with_context(|| format!("not {kind} within two minutes"))?
    }

    /// The task the next event of this kind is about. Waits without an end.
    pub async fn next(&mut self, kind: &str) -> Result<String> {
        self.next_about(&about(kind)).await
    }

    /// The same, within two minutes.
    pub async fn next_within(&mut self, kind: &str) -> Result<String> {
        let next = timeout(PATIENCE, self.next(kind)).await;
        next.with_context(|| format!("no {kind} within two minutes"))?
    }

    async fn next_about(&mut self, begin: &str) -> Result<String> {
        loop {
            let line = self.0.line().await?;
            if !line.starts_with(b"data: ") {
                continue;
            }
            if let Some(at) = find(line, begin.as_bytes()) {
                let id = line[at + begin.len()..].split(|byte| *byte == b'"').next();
                return Ok(String::from_utf8_lossy(id.unwrap_or_default()).into_owned());
            }
        }
    }
}

/// How an event of this kind about a task looks, up to the task's id.
fn about(kind: &str) -> String {
    format!(r#""kind":"{kind}","taskId":""#)
}

fn is_over(status: &str) -> bool {
    matches!(status, "completed" | "failed" | "stopped")
}
