//! The few calls of the master's API that the measurements need.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::http::Connection;

const PATIENCE: Duration = Duration::from_secs(120);

/// A connection to a master.
pub struct Api(Connection);

impl Api {
    pub async fn open(address: &str) -> Result<Self> {
        Ok(Self(Connection::open(address).await?))
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
        loop {
            let task = self.task(id).await?;
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
        let (status, body) = self.0.send("DELETE", &path, "").await?;
        let body = String::from_utf8_lossy(&body);
        ensure!(
            matches!(status, 200 | 202 | 404),
            "DELETE {path}: {status} {body}"
        );
        Ok(())
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
        let (status, answer) = self.0.send(method, path, body).await?;
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
        connection.subscribe("/api/v1/events").await?;
        // The answer has begun, so what happens from now on is in it.
        connection.until_read(&["\r\n\r\n".to_owned()]).await?;
        Ok(Self(connection))
    }

    /// Waits until each of these tasks is said to run.
    pub async fn until_running(&mut self, ids: &[String]) -> Result<()> {
        self.until("taskRunning", ids).await
    }

    /// Waits until an event of this kind has come for each of these tasks.
    pub async fn until(&mut self, kind: &str, ids: &[String]) -> Result<()> {
        let events = ids
            .iter()
            .map(|id| format!(r#""kind":"{kind}","taskId":"{id}""#));
        let events: Vec<String> = events.collect();
        let all = self.0.until_read(&events);
        timeout(PATIENCE, all)
            .await
            .with_context(|| format!("not {kind} within two minutes"))?
    }
}

fn is_over(status: &str) -> bool {
    matches!(status, "completed" | "failed" | "stopped")
}
