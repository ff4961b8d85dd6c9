//! Pulling an image.

use std::time::Duration;

use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptions;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::super::{Error, ProgressSink, Result};
use super::failure::{Operation, failure};
use crate::wire::PullProgress;

/// A pull has to make a step within this, and to be done within [`WHOLE`].
const STEP: Duration = Duration::from_secs(180);
/// The longest pull.
const WHOLE: Duration = Duration::from_secs(2 * 60 * 60);

/// Pulls an image and tells each step.
pub async fn pull(
    host: &str,
    client: &bollard::Docker,
    image: &str,
    progress: ProgressSink,
) -> Result<()> {
    timeout(WHOLE, steps(host, client, image, progress))
        .await
        .unwrap_or_else(|_| Err(too_late(WHOLE)))
}

async fn steps(
    host: &str,
    client: &bollard::Docker,
    image: &str,
    progress: ProgressSink,
) -> Result<()> {
    let options = CreateImageOptions {
        from_image: Some(with_tag(image)),
        ..CreateImageOptions::default()
    };
    let mut steps = client.create_image(Some(options), None, None).boxed();
    loop {
        let step = timeout(STEP, steps.next()).await;
        match step.map_err(|_| too_late(STEP))? {
            None => return Ok(()),
            Some(Ok(step)) => progress(told(step)),
            Some(Err(error)) => return Err(failure(host, Operation::Pull, image, error)),
        }
    }
}

/// A registry that is slow is not the engine's fault: no [`Error::Timeout`].
fn too_late(after: Duration) -> Error {
    Error::Other {
        operation: Operation::Pull.text(),
        why: format!("no progress within {} s", after.as_secs()),
    }
}

/// Docker pulls every tag of an image that is named without one.
fn with_tag(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.contains([':', '@']) {
        image.to_owned()
    } else {
        format!("{image}:latest")
    }
}

fn told(step: CreateImageInfo) -> PullProgress {
    let detail = step.progress_detail.unwrap_or_default();
    let bytes = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
    PullProgress {
        // About the image as a whole, Docker puts its tag where a layer's id would be.
        layer: step
            .id
            .filter(|id| id.len() == 12 && id.chars().all(|c| c.is_ascii_hexdigit())),
        status: step.status.unwrap_or_default(),
        current: bytes(detail.current),
        total: bytes(detail.total),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_a_tag_means_latest() {
        assert_eq!(with_tag("nginx"), "nginx:latest");
        assert_eq!(with_tag("nginx:1"), "nginx:1");
        assert_eq!(
            with_tag("localhost:5000/a/nginx"),
            "localhost:5000/a/nginx:latest"
        );
        assert_eq!(with_tag("localhost:5000/nginx:1"), "localhost:5000/nginx:1");
        assert_eq!(with_tag("nginx@sha256:00"), "nginx@sha256:00");
    }
}
