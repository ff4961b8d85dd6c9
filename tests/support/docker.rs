//! The real Docker Engine for tests: a small image, and nothing left behind.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Once;

/// An image made of a static busybox: `/bin/sh`, `/bin/sleep` and the rest.
pub const IMAGE: &str = "podling-test:busybox";

/// Makes the image when the engine does not have it, once per process.
pub fn ensure_image() {
    static MADE: Once = Once::new();
    MADE.call_once(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/busybox-image.sh");
        let made = Command::new(&script).arg(IMAGE).output().expect("the script that makes it");
        assert!(
            made.status.success(),
            "no Docker Engine, or no image could be made in it (make test installs what is needed): {}",
            String::from_utf8_lossy(&made.stderr)
        );
    });
}

/// `docker …`, which must succeed; what it prints, without the line's end.
pub fn docker(args: &[&str]) -> String {
    let output = try_docker(args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {args:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

/// `docker …`, which may fail.
pub fn try_docker(args: &[&str]) -> Output {
    Command::new("docker")
        .args(args)
        .output()
        .expect("the docker command")
}

/// The ids of a node's containers, ended ones too.
pub fn containers_of(node_id: &str) -> Vec<String> {
    let filter = format!("label=podling.node={node_id}");
    let ids = docker(&["ps", "-a", "-q", "--no-trunc", "--filter", &filter]);
    ids.lines().map(str::to_owned).collect()
}

/// Removes a node's containers when it is dropped, also after a failed assertion; one after
/// another, because Docker 20.10 can dead-lock otherwise.
pub struct Cleanup(pub String);

impl Drop for Cleanup {
    fn drop(&mut self) {
        for id in containers_of(&self.0) {
            try_docker(&["rm", "-f", "-v", &id]);
        }
    }
}

/// Removes a container or an image when it is dropped.
pub struct Removed(pub &'static [&'static str], pub String);

impl Drop for Removed {
    fn drop(&mut self) {
        let mut args = self.0.to_vec();
        args.push(&self.1);
        try_docker(&args);
    }
}
