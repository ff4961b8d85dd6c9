//! How large what was built is.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::Setup;
use crate::engine::Engine;
use crate::statistics::round;

/// The executable and the image, in MB of a million bytes.
pub async fn measure(setup: &Setup) -> Result<Value> {
    let image = std::env::var("FIGURES_PODLING_IMAGE").context("FIGURES_PODLING_IMAGE")?;
    let executable = std::fs::metadata(&setup.podling)?.len() as f64 / 1e6;
    let image = Engine::connect()?.image_size(&image).await? as f64 / 1e6;
    Ok(json!({
        "what": "the stripped release executable; the container image",
        "executable_mb": round(executable), "executable_at_most": 20,
        "image_mb": round(image), "image_at_most": 22,
    }))
}
