//! `make demo`: what it starts, and what it leaves alone.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::cluster::free_port;
use crate::support::docker::{IMAGE, containers_of, ensure_image};

/// As much of a clone as the demo needs, with the executable that is tested in place of a release
/// build. What the demo started there ends with it.
struct Clone {
    dir: tempfile::TempDir,
    ports: [u16; 2],
}

impl Clone {
    fn new() -> Self {
        ensure_image();
        let dir = tempfile::tempdir().unwrap();
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
        let copied = Command::new("cp")
            .arg("-r")
            .arg(here)
            .arg(dir.path())
            .status();
        assert!(copied.unwrap().success());
        std::fs::create_dir(dir.path().join("bin")).unwrap();
        let podling = env!("CARGO_BIN_EXE_podling");
        std::os::unix::fs::symlink(podling, dir.path().join("bin/podling")).unwrap();
        let ports = [free_port(), free_port()];
        Self { dir, ports }
    }

    fn script(&self, name: &str) -> Output {
        Command::new(self.dir.path().join("scripts").join(name))
            .env("DEMO_IMAGE", IMAGE)
            .env("DEMO_MASTER_PORT", self.ports[0].to_string())
            .env("DEMO_WORKER_PORT", self.ports[1].to_string())
            // What a user has of their own is for another master.
            .env("STORE_TYPE", "postgres")
            .env("PODLING_WORKER_PORT", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn succeeds(&self, name: &str) -> String {
        let output = self.script(name);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn has(&self, file: &str) -> bool {
        self.dir.path().join(".podling-demo").join(file).exists()
    }

    /// Kills the demo's process, and takes its port as soon as it has let it go.
    fn kill(&self) -> TcpListener {
        let pid = std::fs::read_to_string(self.dir.path().join(".podling-demo/pid")).unwrap();
        kill(Pid::from_raw(pid.trim().parse().unwrap()), Signal::SIGKILL).unwrap();
        loop {
            match TcpListener::bind(("127.0.0.1", self.ports[0])) {
                Ok(taken) => return taken,
                Err(error) => assert_eq!(error.kind(), ErrorKind::AddrInUse),
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Clone {
    fn drop(&mut self) {
        self.script("demo-stop.sh");
    }
}

/// The node in the table that the demo shows.
fn node_in(shown: &str) -> String {
    let nodes = shown.split_once("$ podling nodes\n").unwrap().1;
    let row = nodes.lines().nth(1).unwrap();
    row.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn a_demo_that_can_not_start_leaves_an_earlier_one_as_it_was() {
    let clone = Clone::new();
    // The README's step for PostgreSQL.
    let env = "STORE_TYPE=postgres\nDATABASE_URL=postgres://nobody@127.0.0.1:1/none\n";
    std::fs::write(clone.dir.path().join(".env"), env).unwrap();
    let shown = clone.succeeds("demo.sh");
    assert!(shown.contains("Hello from container"), "{shown}");
    let node = node_in(&shown);
    let containers = containers_of(&node);
    assert_eq!(containers.len(), 1);

    let taken = clone.kill();
    let output = clone.script("demo.sh");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("is taken by another program"), "{said}");
    drop(taken);
    assert!(clone.has("data/podling.db"));
    assert_eq!(containers_of(&node), containers);

    // It goes on with what there is; another clone's is another node.
    assert_eq!(node_in(&clone.succeeds("demo.sh")), node);
    assert_ne!(node_in(&Clone::new().succeeds("demo.sh")), node);
    assert_eq!(
        containers_of(&node).len(),
        1,
        "the other one's end was its own"
    );
    clone.succeeds("demo-stop.sh");
    assert!(!clone.has(""));
    assert_eq!(containers_of(&node), [""; 0]);
}

#[test]
fn a_demo_that_fails_at_once_keeps_its_log_and_nothing_else() {
    let mut clone = Clone::new();
    clone.ports[1] = clone.ports[0];
    let output = clone.script("demo.sh");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("podling did not get ready"), "{said}");
    assert!(clone.has("log") && !clone.has("data") && !clone.has("pid"));
}
