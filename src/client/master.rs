//! The master's API, one method per endpoint.

use std::time::Duration;

use awc::http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::request::{Answer, Request, encode, query};
use super::{ByteStream, Error, EventStream, Transport};
use crate::wire;

/// How long the whole answer may take. Longer than the master waits for its store before it says
/// "outcome unknown" itself.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The same for a removal, for which the master waits up to 30 seconds before it answers 202.
const REMOVAL_TIMEOUT: Duration = Duration::from_secs(40);

/// The master's API, one method per endpoint; errors are the transport's and the master's.
#[derive(Debug, Clone)]
pub struct MasterClient {
    transport: Transport,
    base: String,
    timeout: Duration,
}

impl MasterClient {
    /// A client of the master at this URL (`http://host:port`). A bad URL shows when it is used.
    pub fn new(transport: Transport, base_url: &str) -> Self {
        Self {
            transport,
            base: base_url.trim_end_matches('/').to_owned(),
            timeout: TIMEOUT,
        }
    }

    /// With another limit for the whole of an answer (for streams: for its beginning).
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Where the master is.
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// `GET /health`
    pub async fn health(&self) -> Result<wire::Health, Error> {
        self.get("/health").await
    }

    /// `GET /ready`; also when it is not ready.
    pub async fn ready(&self) -> Result<wire::Ready, Error> {
        let answer = self
            .transport
            .call(self.request(Method::GET, "/ready"))
            .await?;
        match answer.status {
            503 => answer.json(),
            _ => answer.success()?.json(),
        }
    }

    /// `GET /version`
    pub async fn version(&self) -> Result<wire::Version, Error> {
        self.get("/version").await
    }

    /// `GET /metrics`: Prometheus text.
    pub async fn metrics(&self) -> Result<String, Error> {
        let answer = self.send(self.request(Method::GET, "/metrics")).await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// `POST /api/v1/tasks`. Safe to repeat with the same key.
    pub async fn submit(
        &self,
        task: &wire::SubmitTask,
        idempotency_key: &str,
    ) -> Result<wire::Task, Error> {
        let mut request = self.request(Method::POST, "/api/v1/tasks").json(task)?;
        request.idempotency_key = Some(idempotency_key.to_owned());
        self.send(request).await?.json()
    }

    /// `GET /api/v1/tasks`
    pub async fn tasks(&self, list: &wire::ListTasks) -> Result<Vec<wire::Task>, Error> {
        Ok(self.tasks_page(list).await?.0)
    }

    /// `GET /api/v1/tasks`, with the cursor of the next page when there is one.
    pub async fn tasks_page(
        &self,
        list: &wire::ListTasks,
    ) -> Result<(Vec<wire::Task>, Option<u64>), Error> {
        let path = format!("/api/v1/tasks{}", query(list));
        let answer = self.send(self.request(Method::GET, &path)).await?;
        Ok((answer.json()?, answer.next_cursor))
    }

    /// `GET /api/v1/tasks/{id}`
    pub async fn task(&self, id: &str) -> Result<wire::Task, Error> {
        self.get(&format!("/api/v1/tasks/{}", encode(id))).await
    }

    /// `PUT /api/v1/tasks/{id}/status`. Asks for the short answer; what a master that does not know it gives
    /// has these fields too.
    pub async fn report(&self, id: &str, report: &wire::Report) -> Result<wire::Reported, Error> {
        let path = format!("/api/v1/tasks/{}/status", encode(id));
        let mut request = self.request(Method::PUT, &path).json(report)?;
        request.minimal = true;
        self.send(request).await?.json()
    }

    /// `POST /api/v1/tasks/{id}/stop`
    pub async fn stop(
        &self,
        id: &str,
        grace_period_seconds: Option<u32>,
    ) -> Result<wire::Task, Error> {
        let path = format!("/api/v1/tasks/{}/stop", encode(id));
        let stop = wire::Stop {
            grace_period_seconds,
            attempt: None,
        };
        self.with_body(Method::POST, &path, &stop).await
    }

    /// `DELETE /api/v1/tasks/{id}`; with `force` a running one is stopped first. Whether it is gone;
    /// if not, it goes as soon as it has ended.
    pub async fn remove(&self, id: &str, force: bool) -> Result<bool, Error> {
        let force = if force { "?force=true" } else { "" };
        let path = format!("/api/v1/tasks/{}{force}", encode(id));
        let mut request = self.request(Method::DELETE, &path);
        request.timeout = request.timeout.max(REMOVAL_TIMEOUT);
        let answer = self.send(request).await?;
        Ok(answer.status != 202)
    }

    /// `GET /api/v1/tasks/{id}/logs`, as it arrives.
    pub async fn logs(&self, id: &str, logs: &wire::LogQuery) -> Result<ByteStream, Error> {
        let path = format!("/api/v1/tasks/{}/logs{}", encode(id), query(logs));
        let mut request = self.request(Method::GET, &path);
        request.accept = Some("text/plain");
        self.transport.stream(request).await
    }

    /// `GET /api/v1/tasks/{id}/pull`: lines of [`wire::PullProgress`] until the pull is over.
    pub async fn pull(&self, id: &str) -> Result<ByteStream, Error> {
        let path = format!("/api/v1/tasks/{}/pull", encode(id));
        self.transport
            .stream(self.request(Method::GET, &path))
            .await
    }

    /// `GET /api/v1/tasks/{id}/events`: its history, oldest first.
    pub async fn task_events(&self, id: &str) -> Result<Vec<wire::Event>, Error> {
        self.get(&format!("/api/v1/tasks/{}/events", encode(id)))
            .await
    }

    /// `POST /api/v1/nodes/register`
    pub async fn register(&self, node: &wire::Register) -> Result<wire::Instructions, Error> {
        let path = "/api/v1/nodes/register";
        self.with_body(Method::POST, path, node).await
    }

    /// `POST /api/v1/nodes/{id}/heartbeat`. Asks for the short answer; what a master that does not know it
    /// gives has these fields too.
    pub async fn heartbeat(
        &self,
        id: &str,
        beat: &wire::Heartbeat,
    ) -> Result<wire::Instructions, Error> {
        let path = format!("/api/v1/nodes/{}/heartbeat", encode(id));
        let mut request = self.request(Method::POST, &path).json(beat)?;
        request.minimal = true;
        self.send(request).await?.json()
    }

    /// `POST /api/v1/nodes/{id}/deregister`
    pub async fn deregister(&self, id: &str) -> Result<(), Error> {
        let path = format!("/api/v1/nodes/{}/deregister", encode(id));
        self.send(self.request(Method::POST, &path)).await?;
        Ok(())
    }

    /// `POST /api/v1/nodes/{id}/drain`
    pub async fn drain(
        &self,
        id: &str,
        deadline_seconds: Option<u64>,
    ) -> Result<wire::Node, Error> {
        let drain = wire::Drain {
            deadline_seconds,
            by_worker: false,
        };
        self.ask_for_drain(id, &drain).await
    }

    /// The same, asked by the node's own worker, because it shuts down.
    pub async fn drain_as_worker(
        &self,
        id: &str,
        deadline_seconds: u64,
    ) -> Result<wire::Node, Error> {
        let drain = wire::Drain {
            deadline_seconds: Some(deadline_seconds),
            by_worker: true,
        };
        self.ask_for_drain(id, &drain).await
    }

    async fn ask_for_drain(&self, id: &str, drain: &wire::Drain) -> Result<wire::Node, Error> {
        let path = format!("/api/v1/nodes/{}/drain", encode(id));
        self.with_body(Method::POST, &path, drain).await
    }

    /// `POST /api/v1/nodes/{id}/uncordon`
    pub async fn uncordon(&self, id: &str) -> Result<wire::Node, Error> {
        let path = format!("/api/v1/nodes/{}/uncordon", encode(id));
        self.send(self.request(Method::POST, &path)).await?.json()
    }

    /// `GET /api/v1/nodes`
    pub async fn nodes(&self) -> Result<Vec<wire::Node>, Error> {
        self.get("/api/v1/nodes").await
    }

    /// `GET /api/v1/nodes/{id}`
    pub async fn node(&self, id: &str) -> Result<wire::Node, Error> {
        self.get(&format!("/api/v1/nodes/{}", encode(id))).await
    }

    /// `DELETE /api/v1/nodes/{id}`: an offline node is forgotten.
    pub async fn remove_node(&self, id: &str) -> Result<(), Error> {
        let path = format!("/api/v1/nodes/{}", encode(id));
        self.send(self.request(Method::DELETE, &path)).await?;
        Ok(())
    }

    /// `POST /api/v1/prune`
    pub async fn prune(&self) -> Result<wire::Pruned, Error> {
        let request = self.request(Method::POST, "/api/v1/prune");
        self.send(request).await?.json()
    }

    /// `GET /api/v1/events`: from the one after `after` on, or all that are still known; without
    /// `follow` it ends there.
    pub async fn events(&self, after: Option<u64>, follow: bool) -> Result<EventStream, Error> {
        let after = after.map(|after| format!("&after={after}"));
        let path = format!(
            "/api/v1/events?follow={follow}{}",
            after.unwrap_or_default()
        );
        let mut request = self.request(Method::GET, &path);
        request.accept = Some("text/event-stream");
        let url = request.url.clone();
        let bytes = self.transport.stream(request).await?;
        Ok(EventStream::new(bytes, url))
    }

    /// `POST /api/v1/brake/release`
    pub async fn release_brake(&self) -> Result<(), Error> {
        let request = self.request(Method::POST, "/api/v1/brake/release");
        self.send(request).await?;
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> Request {
        Request::new(method, format!("{}{path}", self.base), self.timeout)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.send(self.request(Method::GET, path)).await?.json()
    }

    async fn with_body<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let request = self.request(method, path).json(body)?;
        self.send(request).await?.json()
    }

    async fn send(&self, request: Request) -> Result<Answer, Error> {
        self.transport.call(request).await?.success()
    }
}
