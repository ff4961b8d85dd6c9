//! Images that have to be fetched first.

use podling::client::Lines;
use podling::wire::PullProgress;

use crate::docker::{IMAGE, Removed, docker, ensure_image, try_docker};
use crate::registry::Registry;
use crate::rig::Rig;

/// An image that no other test has, with a layer that takes a moment.
fn make(name: &str) -> String {
    ensure_image();
    let tag = format!("podling-test:{name}-{}", std::process::id());
    let container = format!("podling-test-{name}-{}", std::process::id());
    let _removed = Removed(&["rm", "-f"], container.clone());
    let script = "dd if=/dev/urandom of=/big bs=1M count=30 2>/dev/null";
    docker(&[
        "run",
        "--name",
        &container,
        "--network",
        "none",
        IMAGE,
        "/bin/sh",
        "-c",
        script,
    ]);
    docker(&["commit", &container, &tag]);
    tag
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_image_is_pulled_once_for_all_and_its_progress_is_shown() {
    let registry = Registry::start();
    let made = make("pull");
    let image = registry.push(&made, "big:1");
    docker(&["rmi", &made]);
    let _removed = Removed(&["rmi", "-f"], image.clone());

    let rig = Rig::start("pull").await;
    let first = rig.task("first", &image, &["/bin/true"]);
    let second = rig.task("second", &image, &["/bin/true"]);
    rig.execute(&first).await;
    rig.execute(&second).await;
    let pulling = rig
        .until_report(&first, |report| report.reason.is_some())
        .await;
    assert_eq!(pulling.status, "scheduled");
    assert_eq!(pulling.reason.unwrap(), format!("pulling image {image}"));

    let bytes = rig.client().pull(&first.task_id).await.unwrap();
    let mut lines = Lines::new(bytes);
    let mut steps: Vec<PullProgress> = vec![];
    while let Some(line) = lines.next().await.unwrap() {
        steps.push(serde_json::from_str(&line).unwrap());
    }
    assert!(steps.iter().any(|step| step.layer.is_some()), "{steps:?}");
    assert!(steps.iter().any(|step| step.total.is_some()), "{steps:?}");

    assert_eq!(rig.ended(&first).await.status, "completed");
    assert_eq!(rig.ended(&second).await.status, "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_the_registry_does_not_have_is_named() {
    let registry = Registry::start();
    let rig = Rig::start("unknown").await;
    let image = format!("127.0.0.1:{}/nothing:1", registry.port);
    let report = rig.run(&rig.task("nope", &image, &["/bin/true"])).await;
    assert_eq!(report.status, "failed");
    let error = report.error.unwrap();
    assert!(
        error.starts_with(&format!("image {image} not found")),
        "{error}"
    );
    assert!(!try_docker(&["image", "inspect", &image]).status.success());
}
