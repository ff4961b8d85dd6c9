//! What the scripts prepared.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// What `scripts/figures.sh` or `scripts/bench.sh` prepared.
pub struct Setup {
    /// The release executable.
    pub podling: PathBuf,
    /// An image in the engine with `sleep` and `true`.
    pub task_image: String,
    /// A folder on a real disk that is removed afterwards.
    pub folder: PathBuf,
    /// Node id and label of all containers of this run.
    pub name: String,
    /// The machine's load average before.
    pub load_before: Option<String>,
}

impl Setup {
    /// From variables that begin with `prefix` and an underscore; `make TARGET` sets them.
    ///
    /// # Errors
    /// One of them is not set.
    pub fn from_environment(prefix: &str, target: &str) -> Result<Self> {
        let get = |name: &str| {
            let key = format!("{prefix}_{name}");
            std::env::var(&key).with_context(|| format!("{key} is not set: run `make {target}`"))
        };
        Ok(Self {
            podling: get("PODLING")?.into(),
            task_image: get("TASK_IMAGE")?,
            folder: get("FOLDER")?.into(),
            name: get("NAME")?,
            load_before: get("LOAD").ok(),
        })
    }
}
