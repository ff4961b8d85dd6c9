//! The same containers made without podling: two raw calls of the Docker API each.

use std::collections::HashMap;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bollard::Docker;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    CreateContainerOptions, EventsOptionsBuilder, ListContainersOptionsBuilder,
    RemoveContainerOptionsBuilder, StartContainerOptions,
};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::{Duration, sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(180);

/// The Docker Engine of this machine.
pub struct Engine {
    docker: Docker,
}

impl Engine {
    pub fn connect() -> Result<Self> {
        Ok(Self {
            docker: Docker::connect_with_defaults()?,
        })
    }

    pub async fn version(&self) -> Result<String> {
        Ok(self.docker.version().await?.version.unwrap_or_default())
    }

    pub async fn image_size(&self, image: &str) -> Result<i64> {
        let inspected = self.docker.inspect_image(image).await?;
        inspected
            .size
            .with_context(|| format!("{image} has no size"))
    }

    /// What a container podling made was made of, as the body of a call that makes the like.
    pub async fn recipe(&self, container: &str) -> Result<ContainerCreateBody> {
        let made = serde_json::to_value(self.docker.inspect_container(container, None).await?)?;
        let mut body = made["Config"].clone();
        // The engine's own: the id of the container itself.
        body.as_object_mut()
            .context("a container without a Config")?
            .remove("Hostname");
        body["HostConfig"] = made["HostConfig"].clone();
        Ok(serde_json::from_value(body)?)
    }

    /// Create and start; the container's id.
    pub async fn run(&self, recipe: &ContainerCreateBody) -> Result<String> {
        let options = None::<CreateContainerOptions>;
        let made = self
            .docker
            .create_container(options, recipe.clone())
            .await?;
        self.docker
            .start_container(&made.id, None::<StartContainerOptions>)
            .await?;
        Ok(made.id)
    }

    pub async fn remove(&self, container: &str) -> Result<()> {
        let options = RemoveContainerOptionsBuilder::new().force(true).build();
        Ok(self
            .docker
            .remove_container(container, Some(options))
            .await?)
    }

    /// When this container ended.
    pub async fn finished_at(&self, container: &str) -> Result<jiff::Timestamp> {
        let found = self.docker.inspect_container(container, None).await?;
        let finished = found.state.and_then(|state| state.finished_at);
        Ok(finished.context("a container without an end")?.parse()?)
    }

    /// When the engine said that this container ended: after it has taken its network and its
    /// file system away.
    pub async fn said_at(&self, container: &str) -> Result<jiff::Timestamp> {
        let now = jiff::Timestamp::now();
        let options = EventsOptionsBuilder::new()
            .since(&(now.as_second() - 60).to_string())
            .until(&(now.as_second() + 1).to_string())
            .filters(&HashMap::from([
                ("container", vec![container]),
                ("event", vec!["die"]),
            ]))
            .build();
        let mut events = self.docker.events(Some(options));
        let event = events.next().await.context("no event of its end")??;
        let nanoseconds = event.time_nano.context("an event without a time")?;
        Ok(jiff::Timestamp::from_nanosecond(nanoseconds.into())?)
    }

    /// Waits until so many containers with this label have been started since `since` (Unix time).
    pub async fn until_started(&self, label: &str, count: usize, since: i64) -> Result<()> {
        let options = EventsOptionsBuilder::new()
            .since(&since.to_string())
            .filters(&HashMap::from([
                ("label", vec![label]),
                ("event", vec!["start"]),
            ]))
            .build();
        let mut events = self.docker.events(Some(options));
        let all = async {
            for _ in 0..count {
                events.next().await.context("the events end")??;
            }
            Ok(())
        };
        timeout(PATIENCE, all)
            .await
            .with_context(|| format!("not {count} containers of {label} were started"))?
    }

    /// Waits until at most so many containers with this label are left.
    pub async fn until_left(&self, label: &str, count: usize) -> Result<()> {
        let start = Instant::now();
        while self.with_label(label).await?.len() > count {
            ensure!(
                start.elapsed() < PATIENCE,
                "containers of {label} do not go"
            );
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Waits until no container with this label is left.
    pub async fn until_none(&self, label: &str) -> Result<()> {
        self.until_left(label, 0).await
    }

    /// Kills and removes all containers of this node, one after the other.
    pub async fn remove_all(&self, node: &str) -> Result<()> {
        for container in self.containers(node).await? {
            let id = container["Id"]
                .as_str()
                .context("a container without an id")?;
            self.remove(id).await?;
        }
        Ok(())
    }

    /// Waits until no container of this node is left.
    pub async fn until_gone(&self, node: &str) -> Result<()> {
        self.until_none(&format!("podling.node={node}")).await
    }

    async fn containers(&self, node: &str) -> Result<Vec<Value>> {
        self.with_label(&format!("podling.node={node}")).await
    }

    async fn with_label(&self, label: &str) -> Result<Vec<Value>> {
        let filters = HashMap::from([("label", vec![label.to_owned()])]);
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(&filters)
            .build();
        let found = self.docker.list_containers(Some(options)).await?;
        Ok(found
            .into_iter()
            .map(serde_json::to_value)
            .collect::<Result<_, _>>()?)
    }
}
