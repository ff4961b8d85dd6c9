//! A real `podling standalone` on the real Docker Engine, with an image of its own.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// Gone, with its containers and its image, when it is dropped.
pub struct Standalone {
    pub master_url: String,
    pub worker_url: String,
    pub image: String,
    node: String,
    process: Child,
    folder: TempDir,
}

impl Standalone {
    /// Starts it and waits until its worker takes tasks.
    pub fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let node = format!("postman-{}", std::process::id());
        let image = format!("podling-{node}:busybox");
        make_image(&image);
        let (master, worker) = (free_port(), free_port());
        let log = fs::File::create(folder.path().join("log")).expect("a log file");
        let process = Command::new(env!("CARGO_BIN_EXE_podling"))
            .args(["standalone", "--store", "memory", "--node-id", &node])
            .args([
                "--bind",
                &format!("127.0.0.1:{master}"),
                "--port",
                &worker.to_string(),
            ])
            .arg("--data-dir")
            .arg(folder.path())
            .args(["--shutdown-timeout", "1s"])
            // Nothing of the user's configuration belongs to this test.
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder.path())
            .envs(std::env::vars().filter(|(k, _)| k == "DOCKER_HOST" || k == "LLVM_PROFILE_FILE"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log)
            .spawn()
            .expect("podling starts");
        let mut started = Self {
            master_url: format!("http://127.0.0.1:{master}"),
            worker_url: format!("http://127.0.0.1:{worker}"),
            image,
            node,
            process,
            folder,
        };
        started.wait_until_ready();
        started
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn wait_until_ready(&mut self) {
        let nodes = format!("{}/api/v1/nodes", self.master_url);
        for _ in 0..300 {
            let ended = self
                .process
                .try_wait()
                .expect("its status can be asked for");
            assert!(
                ended.is_none(),
                "podling ended ({ended:?}):\n{}",
                self.log()
            );
            let answer = ureq::get(&nodes).call().ok();
            let answer = answer.and_then(|mut answer| answer.body_mut().read_to_string().ok());
            if answer.is_some_and(|nodes| nodes.contains(r#""condition":"ready""#)) {
                return;
            }
            sleep(Duration::from_millis(100));
        }
        panic!("no node was ready within 30 seconds:\n{}", self.log());
    }
}

impl Drop for Standalone {
    fn drop(&mut self) {
        let pid = i32::try_from(self.process.id()).expect("a process id");
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        for _ in 0..150 {
            if self.process.try_wait().is_ok_and(|ended| ended.is_some()) {
                break;
            }
            sleep(Duration::from_millis(100));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
        let label = format!("label=podling.node={}", self.node);
        // One after another: Docker 20.10 can dead-lock over many forced removals at once.
        for container in docker(&["ps", "--all", "--quiet", "--filter", &label]).lines() {
            docker(&["rm", "--force", container]);
        }
        docker(&["image", "rm", &self.image]);
    }
}

fn make_image(tag: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/busybox-image.sh");
    let status = Command::new(script)
        .arg(tag)
        .status()
        .expect("scripts/busybox-image.sh runs");
    assert!(
        status.success(),
        "the image {tag} was not made: `make test` installs what it needs"
    );
}

/// A port nobody listens on. Somebody else could take it before podling does; that has not been seen.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker")
        .args(arguments)
        .stderr(Stdio::null())
        .output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}
