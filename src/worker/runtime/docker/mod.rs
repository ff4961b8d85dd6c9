//! The Docker Engine, through its API.
//!
//! Every call has a deadline: an engine that hangs must be noticed, not waited for. What is bounded
//! here is what the engine itself does not bound: so many creates and starts at a time, one removal after the
//! other (Docker 20.10 dead-locks on many at once).

mod blueprint;
mod events;
mod failure;
mod inspect;
mod logs;
mod pull;

use std::collections::HashMap;
use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bollard::query_parameters::{
    CreateContainerOptions, InspectContainerOptions, ListContainersOptions, RemoveContainerOptions,
    StartContainerOptions, StopContainerOptions,
};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::bytes::Bytes;

use self::failure::{Operation, failure};
use super::container::LABEL_NODE;
use super::{
    Blueprint, Container, Error, Event, Info, Listed, LogOptions, ProgressSink, Result, Runtime,
};
use crate::wire;

/// Creates at a time. More only wait inside the engine.
const CREATES_AT_ONCE: usize = 8;
/// Starts at a time. They have turns of their own: in one queue with the creates all of many containers would
/// be created before the first is started, which takes longer (docs/decisions/0013).
const STARTS_AT_ONCE: usize = 8;
/// Looks at containers at a time: each is a connection, and a process may open a thousand or so.
const LOOKS_AT_ONCE: usize = 32;
/// Removals at a time.
const REMOVALS_AT_ONCE: usize = 1;

/// The program Docker puts into containers as their PID 1.
const INIT: &str = "docker-init";

const PING: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_secs(15);
const CREATE: Duration = Duration::from_secs(60);
const START: Duration = Duration::from_secs(120);
const REMOVE: Duration = Duration::from_secs(60);
/// Beyond the grace.
const STOP_MARGIN: Duration = Duration::from_secs(30);
/// bollard's own limit, for the head of an answer: longer than any above, a stop with a long grace
/// included, so that it is ours that count.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The Docker Engine.
pub struct Docker {
    host: String,
    client: OnceLock<bollard::Docker>,
    looks: Semaphore,
    creates: Semaphore,
    starts: Semaphore,
    removals: Semaphore,
    /// The engine has no docker-init: containers are made without.
    without_init: AtomicBool,
}

impl Docker {
    /// The engine at `DOCKER_HOST`, or else at its usual socket. It need not be there yet.
    ///
    /// # Errors
    /// [`Error::BadAddress`]: there can be no engine at `DOCKER_HOST`.
    pub fn connect() -> Result<Self> {
        let host = std::env::var("DOCKER_HOST")
            .ok()
            .filter(|host| !host.is_empty());
        Self::connect_to(host.as_deref().unwrap_or("unix:///var/run/docker.sock"))
    }

    /// The engine at this address: `unix://…` or `tcp://…`. It need not be there yet.
    ///
    /// # Errors
    /// [`Error::BadAddress`]: there can be no engine at this address.
    pub fn connect_to(host: &str) -> Result<Self> {
        let docker = Self {
            host: host.into(),
            client: OnceLock::new(),
            looks: Semaphore::new(LOOKS_AT_ONCE),
            creates: Semaphore::new(CREATES_AT_ONCE),
            starts: Semaphore::new(STARTS_AT_ONCE),
            removals: Semaphore::new(REMOVALS_AT_ONCE),
            without_init: AtomicBool::new(false),
        };
        match docker.client() {
            Ok(_) | Err(Error::Unreachable { .. }) => Ok(docker),
            Err(error) => Err(error),
        }
    }

    /// bollard's client. It can only be made once the engine's socket is there.
    fn client(&self) -> Result<&bollard::Docker> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = bollard::Docker::connect_with_host(&self.host)
            .map_err(|error| failure(&self.host, Operation::Connect, "", error))?;
        Ok(self
            .client
            .get_or_init(|| client.with_timeout(CLIENT_TIMEOUT)))
    }

    async fn call<T>(
        &self,
        operation: Operation,
        subject: &str,
        deadline: Duration,
        future: impl Future<Output = std::result::Result<T, bollard::errors::Error>>,
    ) -> Result<T> {
        match timeout(deadline, future).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self
                .to_blame(failure(&self.host, operation, subject, error))
                .await),
            Err(_) => Err(Error::Timeout {
                operation: operation.text(),
                seconds: deadline.as_secs(),
            }),
        }
    }

    /// Docker's refusals do not say whether what was asked is at fault or the engine, and a task
    /// must not fail for its engine's fault. So the engine is asked how it is; when it does not
    /// even answer that, it is to blame.
    async fn to_blame(&self, error: Error) -> Error {
        if !matches!(error, Error::Other { .. } | Error::RegistryRefused { .. }) {
            return error;
        }
        match self.ping().await {
            Ok(()) => error,
            Err(of_engine) => of_engine,
        }
    }
}

impl Runtime for Docker {
    fn info(&self) -> BoxFuture<'_, Result<Info>> {
        Box::pin(async move {
            let info = self.client()?.info();
            let info = self.call(Operation::Info, "", LOOK, info).await?;
            Ok(Info {
                engine: wire::Engine {
                    name: "docker".into(),
                    version: info.server_version.unwrap_or_default(),
                    os: info.os_type.unwrap_or_default(),
                    arch: info.architecture.unwrap_or_default(),
                    id: info.id.unwrap_or_default(),
                },
                cpu_millicores: 1000 * info.ncpu.unwrap_or_default().max(0) as u64,
                memory_bytes: info.mem_total.unwrap_or_default().max(0) as u64,
            })
        })
    }

    fn ping(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match timeout(PING, self.client()?.ping()).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(match failure(&self.host, Operation::Ping, "", error) {
                    Error::Other { why, .. } => Error::OutOfOrder { why },
                    error => error,
                }),
                Err(_) => Err(Error::Timeout {
                    operation: Operation::Ping.text(),
                    seconds: PING.as_secs(),
                }),
            }
        })
    }

    fn list<'a>(&'a self, node_id: &'a str) -> BoxFuture<'a, Result<Vec<Listed>>> {
        Box::pin(async move {
            let options = ListContainersOptions {
                all: true,
                filters: Some(HashMap::from([("label".into(), vec![of_node(node_id)])])),
                ..ListContainersOptions::default()
            };
            let list = self.client()?.list_containers(Some(options));
            let found = self.call(Operation::List, "", LOOK, list).await?;
            Ok(found.into_iter().filter_map(inspect::listed).collect())
        })
    }

    fn inspect<'a>(&'a self, container: &'a str) -> BoxFuture<'a, Result<Container>> {
        Box::pin(async move {
            let options = None::<InspectContainerOptions>;
            let _permit = self.looks.acquire().await;
            let inspect = self.client()?.inspect_container(container, options);
            let found = self
                .call(Operation::Inspect, container, LOOK, inspect)
                .await?;
            let mut container = inspect::container(container, found);
            self.explain_bad_command(&mut container).await;
            Ok(container)
        })
    }

    fn pull<'a>(&'a self, image: &'a str, progress: ProgressSink) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match pull::pull(&self.host, self.client()?, image, progress).await {
                Ok(()) => Ok(()),
                Err(error) => Err(self.to_blame(error).await),
            }
        })
    }

    fn create<'a>(&'a self, blueprint: &'a Blueprint) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let options = CreateContainerOptions {
                name: Some(blueprint.name.clone()),
                ..CreateContainerOptions::default()
            };
            let body = blueprint::body(blueprint, !self.without_init.load(Ordering::Relaxed))?;
            let _permit = self.creates.acquire().await;
            let subject = match blueprint.task.image.as_str() {
                "" => &blueprint.name,
                image => image,
            };
            let create = self.client()?.create_container(Some(options), body);
            let created = self.call(Operation::Create, subject, CREATE, create).await;
            match created {
                Ok(created) => Ok(created.id),
                Err(Error::NameTaken { .. }) => Err(Error::NameTaken {
                    name: blueprint.name.clone(),
                }),
                Err(error) => Err(error),
            }
        })
    }

    fn start<'a>(&'a self, container: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let _permit = self.starts.acquire().await;
            let options = None::<StartContainerOptions>;
            let start = self.client()?.start_container(container, options);
            match self.call(Operation::Start, container, START, start).await {
                Err(Error::BadCommand { why }) if why.contains(INIT) => {
                    self.do_without_init(container).await
                }
                result => result,
            }
        })
    }

    fn stop<'a>(&'a self, container: &'a str, grace_seconds: u32) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let options = StopContainerOptions {
                t: Some(i32::try_from(grace_seconds).unwrap_or(i32::MAX)),
                ..StopContainerOptions::default()
            };
            let deadline = Duration::from_secs(grace_seconds.into()) + STOP_MARGIN;
            let stop = self.client()?.stop_container(container, Some(options));
            self.call(Operation::Stop, container, deadline, stop).await
        })
    }

    fn remove<'a>(&'a self, container: &'a str, force: bool) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let _permit = self.removals.acquire().await;
            let options = RemoveContainerOptions {
                v: true,
                force,
                ..RemoveContainerOptions::default()
            };
            let remove = self.client()?.remove_container(container, Some(options));
            match self
                .call(Operation::Remove, container, REMOVE, remove)
                .await
            {
                Err(Error::NotFound { .. }) => Ok(()),
                result => result,
            }
        })
    }

    fn logs(&self, container: &str, options: LogOptions) -> BoxStream<'static, Result<Bytes>> {
        match self.client() {
            Ok(client) => logs::logs(&self.host, client, container, options),
            Err(error) => Box::pin(futures_util::stream::once(async { Err(error) })),
        }
    }

    fn events(&self, node_id: &str) -> BoxStream<'static, Result<Event>> {
        match self.client() {
            Ok(client) => events::events(&self.host, client, &of_node(node_id)),
            Err(error) => Box::pin(futures_util::stream::once(async { Err(error) })),
        }
    }
}

impl Docker {
    /// An engine that was installed without docker-init can't start what was made with it. So the
    /// container goes, and the next one is made without: its program is PID 1 itself, and ignores
    /// SIGTERM unless it handles it.
    async fn do_without_init(&self, container: &str) -> Result<()> {
        if !self.without_init.swap(true, Ordering::Relaxed) {
            log::warn!("the engine has no {INIT}: containers are made without an init process");
        }
        self.remove(container, false).await?;
        Err(Error::NotFound {
            container: container.into(),
        })
    }
}

/// The filter for a node's containers.
fn of_node(node_id: &str) -> String {
    format!("{LABEL_NODE}={node_id}")
}

#[cfg(test)]
mod tests;
