//! A worker's API, one method per endpoint.

use std::time::Duration;

use awc::http::Method;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::request::{Answer, Request, encode, query};
use super::{ByteStream, Error, Transport};
use crate::wire;

/// How long the whole answer may take: a worker only notes what it is told, except for the removal
/// of a container, which waits for the engine.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What a Go worker says in one piece is held in memory.
const MAX_LOGS_BYTES: usize = 64 * 1024 * 1024;

/// A worker's API, one method per endpoint; errors are the transport's and the worker's.
#[derive(Debug, Clone)]
pub struct WorkerClient {
    transport: Transport,
    base: String,
    timeout: Duration,
}

impl WorkerClient {
    /// A client of the worker at this address.
    pub fn new(transport: Transport, hostname: &str, port: u16) -> Self {
        let v6 = hostname.contains(':') && !hostname.starts_with('[');
        let base = match v6 {
            true => format!("http://[{hostname}]:{port}"),
            false => format!("http://{hostname}:{port}"),
        };
        Self {
            transport,
            base,
            timeout: TIMEOUT,
        }
    }

    /// With another limit for the whole of an answer (for streams: for its beginning).
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Where the worker is.
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// `GET /health`
    pub async fn health(&self) -> Result<wire::Health, Error> {
        self.send(self.request(Method::GET, "/health"))
            .await?
            .json()
    }

    /// `POST /api/v1/tasks/{id}/execute`: the form every worker knows.
    pub async fn execute(&self, task: &wire::Task) -> Result<(), Error> {
        let path = format!("/api/v1/tasks/{}/execute", encode(&task.task_id));
        /// As [`wire::Execute`], without a copy of the task.
        #[derive(serde::Serialize)]
        struct Execute<'a> {
            task: &'a wire::Task,
        }
        let request = self.request(Method::POST, &path).json(&Execute { task })?;
        self.send(request).await?;
        Ok(())
    }

    /// `POST /api/v1/tasks/execute`: many at once; only podling's workers know it.
    pub async fn execute_batch(
        &self,
        batch: &wire::ExecuteBatch,
    ) -> Result<Vec<wire::ExecuteVerdict>, Error> {
        let request = self
            .request(Method::POST, "/api/v1/tasks/execute")
            .json(batch)?;
        self.send(request).await?.json()
    }

    /// `POST /api/v1/tasks/{id}/stop`
    pub async fn stop(&self, id: &str, stop: &wire::Stop) -> Result<(), Error> {
        let path = format!("/api/v1/tasks/{}/stop", encode(id));
        let request = self.request(Method::POST, &path).json(stop)?;
        self.send(request).await?;
        Ok(())
    }

    /// `GET /api/v1/tasks/{id}/status`: the task as it really is now.
    pub async fn status(&self, id: &str) -> Result<wire::Task, Error> {
        let path = format!("/api/v1/tasks/{}/status", encode(id));
        self.send(self.request(Method::GET, &path)).await?.json()
    }

    /// `GET /api/v1/tasks/{id}/logs`, as it arrives. A Go worker gives all of it in one object,
    /// which is taken apart here.
    pub async fn logs(&self, id: &str, logs: &wire::LogQuery) -> Result<ByteStream, Error> {
        let path = format!("/api/v1/tasks/{}/logs{}", encode(id), query(logs));
        let mut request = self.request(Method::GET, &path);
        request.accept = Some("text/plain");
        let url = request.url.clone();
        let stream = self.transport.stream(request).await?;
        if !stream.is_json() {
            return Ok(stream);
        }
        let text = self.in_one_piece(stream, url).await?;
        Ok(ByteStream::whole(text.into(), self.transport.clone()))
    }

    async fn in_one_piece(&self, mut stream: ByteStream, url: String) -> Result<String, Error> {
        /// As [`wire::WorkerLogs`]; only the text is needed.
        #[derive(serde::Deserialize)]
        struct Logs {
            logs: String,
        }
        let malformed = |why: String| Error::Malformed {
            url: url.clone(),
            why,
        };
        let read = async {
            let mut json = Vec::new();
            while let Some(chunk) = stream.next().await {
                json.extend_from_slice(&chunk?);
                if json.len() > MAX_LOGS_BYTES {
                    return Err(malformed(format!(
                        "logs of more than {MAX_LOGS_BYTES} bytes"
                    )));
                }
            }
            serde_json::from_slice::<Logs>(&json).map_err(|error| malformed(error.to_string()))
        };
        match timeout(self.timeout, read).await {
            Ok(logs) => Ok(logs?.logs),
            Err(_) => Err(Error::Timeout {
                url: url.clone(),
                after: self.timeout,
            }),
        }
    }

    /// `GET /api/v1/tasks/{id}/pull`: lines of [`wire::PullProgress`] until the pull is over.
    pub async fn pull(&self, id: &str) -> Result<ByteStream, Error> {
        let path = format!("/api/v1/tasks/{}/pull", encode(id));
        self.transport
            .stream(self.request(Method::GET, &path))
            .await
    }

    /// `DELETE /api/v1/tasks/{id}`: the container is removed.
    pub async fn remove(&self, id: &str) -> Result<(), Error> {
        let path = format!("/api/v1/tasks/{}", encode(id));
        self.send(self.request(Method::DELETE, &path)).await?;
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> Request {
        Request {
            from_master: true,
            ..Request::new(method, format!("{}{path}", self.base), self.timeout)
        }
    }

    async fn send(&self, request: Request) -> Result<Answer, Error> {
        self.transport.call(request).await?.success()
    }
}
