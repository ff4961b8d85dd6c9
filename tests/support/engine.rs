//! A Docker Engine of a test's own, to be stopped, killed, frozen and started again: the machine's
//! one is everybody's. Needs root.
//!
//! It lives in namespaces (PID, mount, network) whose first process waits for this one. So its
//! containers survive it, as on a real host, and nothing at all survives the test, however it ends.
//! The network is one of its own because an engine without a bridge removes `docker0` at its start,
//! whoever's that is. Its containers have no network.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::docker::{IMAGE, docker, ensure_image, try_docker};

pub struct Engine {
    dir: tempfile::TempDir,
    /// `unshare`; it takes the namespaces with it.
    holder: Child,
    /// `nsenter`, and the dockerd in it.
    dockerd: Option<(Child, Pid)>,
    live_restore: bool,
}

impl Engine {
    /// A running engine with the test image. With `live_restore` its containers go on without it.
    pub fn start(live_restore: bool) -> Self {
        ensure_image();
        let dir = tempfile::tempdir().unwrap();
        // Its first process ends when this one does, however that happens: nobody writes to it.
        let holder = Command::new("unshare")
            .args([
                "--pid",
                "--mount",
                "--net",
                "--fork",
                "--kill-child",
                "sh",
                "-c",
            ])
            // Docker's own init, so that somebody waits for the processes whose parents are killed.
            .arg("mount -t proc proc /proc && exec docker-init -- cat")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("unshare (util-linux)");
        let mut engine = Self {
            dir,
            holder,
            dockerd: None,
            live_restore,
        };
        engine.start_again();
        engine.load_image();
        engine
    }

    /// Where it listens, as `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.path("docker.sock").display())
    }

    /// `docker …` on this engine, which must succeed; what it prints.
    pub fn docker(&self, args: &[&str]) -> String {
        let host = self.host();
        let all: Vec<&str> = ["-H", &host]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        docker(&all)
    }

    pub fn start_again(&mut self) {
        let first = wait_for(|| "the namespaces", || child_of(self.holder.id()));
        let driver = docker(&["info", "--format", "{{.Driver}}"]);
        // Not the machine's settings.
        std::fs::write(self.path("daemon.json"), "{}").unwrap();
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("dockerd.log"))
            .unwrap();
        let mut command = Command::new("nsenter");
        command
            .args([
                "--pid",
                "--mount",
                "--net",
                "--target",
                &first.to_string(),
                "dockerd",
            ])
            .arg("--config-file")
            .arg(self.path("daemon.json"))
            .arg("--data-root")
            .arg(self.path("data"))
            .arg("--exec-root")
            .arg(self.path("exec"))
            .arg("--pidfile")
            .arg(self.path("pid"))
            .args(["-H", &self.host(), "--storage-driver", &driver])
            .args(["--bridge=none", "--iptables=false"])
            .args(["--cgroup-parent", &self.cgroup()]);
        if self.live_restore {
            command.arg("--live-restore");
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("nsenter (util-linux)");
        let dockerd = wait_for(|| "dockerd (this needs root)", || child_of(child.id()));
        self.dockerd = Some((child, dockerd));
        let host = self.host();
        let answers = || try_docker(&["-H", &host, "version"]).status.success();
        let what = || {
            let log = std::fs::read_to_string(self.path("dockerd.log")).unwrap_or_default();
            format!("dockerd to answer\n{log}")
        };
        wait_for(what, || answers().then_some(()));
    }

    /// In order, as by `systemctl stop docker`.
    pub fn stop(&mut self) {
        self.end(Signal::SIGTERM);
    }

    pub fn kill(&mut self) {
        self.end(Signal::SIGKILL);
    }

    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
        // nsenter has stopped with its child.
        let (child, _) = self.dockerd.as_ref().expect("it runs");
        kill(Pid::from_raw(child.id() as i32), Signal::SIGCONT).unwrap();
    }

    /// When this container was last started; the same as before when it ran on.
    pub fn started_at(&self, container: &str) -> String {
        let format = "{{.State.Running}} {{.State.StartedAt}}";
        self.docker(&["inspect", "--format", format, container])
    }

    fn signal(&self, signal: Signal) {
        let (_, dockerd) = self.dockerd.as_ref().expect("it runs");
        kill(*dockerd, signal).unwrap();
    }

    fn end(&mut self, signal: Signal) {
        self.signal(signal);
        let (mut child, _) = self.dockerd.take().expect("it runs");
        child.wait().unwrap();
        // One that was killed can't say that it is gone, and its number is soon another's here.
        for pid in ["pid", "exec/containerd/containerd.pid"] {
            let _ = std::fs::remove_file(self.path(pid));
        }
    }

    fn load_image(&self) {
        let mut save = Command::new("docker")
            .args(["save", IMAGE])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let loaded = Command::new("docker")
            .args(["-H", &self.host(), "load"])
            .stdin(save.stdout.take().unwrap())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(save.wait().unwrap().success() && loaded.success());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn cgroup(&self) -> String {
        let name = self.dir.path().file_name().unwrap().to_string_lossy();
        format!("podling-test-{}", name.trim_start_matches('.'))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some((_, dockerd)) = &self.dockerd {
            let _ = kill(*dockerd, Signal::SIGCONT);
        }
        let _ = self.holder.kill();
        let _ = self.holder.wait();
        if let Some((mut child, _)) = self.dockerd.take() {
            // It stops when its child is stopped, and is not continued with it.
            let _ = child.kill();
            let _ = child.wait();
        }
        // What is left of containers that were killed with everything else.
        let all = std::fs::read_dir("/sys/fs/cgroup").into_iter().flatten();
        for hierarchy in all.flatten() {
            remove_cgroup(&hierarchy.path().join(self.cgroup()));
        }
        remove_cgroup(&Path::new("/sys/fs/cgroup").join(self.cgroup()));
    }
}

/// The first child of a process.
fn child_of(process: u32) -> Option<Pid> {
    let path = format!("/proc/{process}/task/{process}/children");
    let children = std::fs::read_to_string(path).ok()?;
    let first = children.split_whitespace().next()?;
    Some(Pid::from_raw(first.parse().ok()?))
}

fn remove_cgroup(path: &Path) {
    let Ok(entries) = std::fs::read_dir(path) else {
        return;
    };
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        remove_cgroup(&entry.path());
    }
    // The kernel may need a moment after the last process.
    for _ in 0..50 {
        if std::fs::remove_dir(path).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn wait_for<T, W: std::fmt::Display>(
    what: impl Fn() -> W,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    #[expect(clippy::disallowed_methods, reason = "a test's deadline")]
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "waited a minute for {}",
            what()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
