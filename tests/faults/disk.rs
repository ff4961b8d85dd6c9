//! The disk under SQLite fails: full, read-only, damaged. File systems of the tests' own stand for it.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::docker::IMAGE;
use crate::support::http::{Answer, send};

/// A cluster whose data directory is a file system of its own.
struct OnDisk {
    // Ordering: the processes end before the file system under them goes.
    cluster: Cluster,
    disk: Disk,
}

/// A file system that goes when this is dropped.
struct Disk(PathBuf);

impl Disk {
    /// In memory, of 2 MiB.
    fn small(path: PathBuf) -> Self {
        std::fs::create_dir(&path).unwrap();
        let disk = Self(path);
        disk.run("mount", &["-t", "tmpfs", "-o", "size=2m", "podling-test"]);
        disk
    }

    /// In a file: one on which a file that is open already can be made read-only.
    fn ext4(path: PathBuf) -> Self {
        let image = path.with_extension("image");
        std::fs::File::create(&image)
            .unwrap()
            .set_len(16 << 20)
            .unwrap();
        let made = Command::new("mkfs.ext4").arg("-q").arg(&image).status();
        assert!(made.unwrap().success(), "mkfs.ext4 (e2fsprogs)");
        std::fs::create_dir(&path).unwrap();
        let disk = Self(path);
        disk.run("mount", &["-o", "loop", image.to_str().unwrap()]);
        disk
    }

    /// Runs a command on it, which must succeed.
    fn run(&self, program: &str, args: &[&str]) {
        let output = Command::new(program).args(args).arg(&self.0).output();
        let output = output.unwrap();
        assert!(
            output.status.success(),
            "{program} {args:?} (these tests have to run as root, who may mount): {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let file = std::fs::File::create(self.0.join("ballast")).unwrap();
        let mut file = std::io::BufWriter::with_capacity(512, file);
        let full = std::io::copy(&mut std::io::repeat(7), &mut file).unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        for args in [&[][..], &["--lazy"]] {
            let done = Command::new("umount").args(args).arg(&self.0).status();
            if done.is_ok_and(|status| status.success()) {
                return;
            }
        }
    }
}

impl OnDisk {
    fn start(mount: impl FnOnce(PathBuf) -> Disk, settings: &[(&str, &str)]) -> Self {
        let mut all = vec![("PODLING_MASTER_STORE", "sqlite")];
        all.extend(settings);
        let mut cluster = Cluster::prepare(&all);
        let disk = mount(cluster.data_dir());
        cluster.start_master();
        Self { cluster, disk }
    }

    fn submit(&self, name: &str) -> Answer {
        let body = json!({"name": name, "image": IMAGE, "command": ["sleep", "600"]});
        let url = self.cluster.url();
        send(&url, "POST", "/api/v1/tasks", Some(name), &body).expect("an answer")
    }

    fn get(&self, path: &str) -> Answer {
        send(&self.cluster.url(), "GET", path, None, &Value::Null)
            .unwrap_or_else(|| panic!("no answer\n{}", self.cluster.all_logs()))
    }

    /// Submits until a submission is not acknowledged; its name. Its outcome is unknown.
    fn submit_until_refused(&self, acknowledged: &mut Vec<String>, round: u32) -> String {
        for n in 0.. {
            let name = format!("t{round}-{n}");
            let answer = self.submit(&name);
            if answer.status != 201 {
                assert_eq!(answer.status, 503, "{answer:?}");
                assert!(answer.retry_after.is_some(), "{answer:?}");
                return name;
            }
            acknowledged.push(name);
        }
        unreachable!()
    }
}

impl OnDisk {
    #[expect(clippy::disallowed_methods, reason = "what is measured")]
    fn until_ready(&self) {
        let begun = std::time::Instant::now();
        self.cluster.until("the master to be ready", |_| {
            self.get("/ready").status == 200
        });
        eprintln!("ready again after {:?}", begun.elapsed());
    }

    /// Writes are refused, with this reason and before anything is decided; reads go on.
    fn refuses_because(&self, why: &str) {
        let tasks = self.get("/api/v1/tasks").body;
        let refused = self.submit("refused");
        assert_eq!(refused.status, 503, "{refused:?}");
        assert_eq!(refused.body["code"], "store_unavailable", "{refused:?}");
        assert!(
            refused.body["error"].to_string().contains(why),
            "{refused:?}"
        );
        assert!(refused.retry_after.is_some(), "{refused:?}");
        let ready = self.get("/ready");
        assert_eq!(ready.status, 503);
        let missing = ready.body["missing"].to_string();
        assert!(
            missing.contains("store: ") && missing.contains(why),
            "{missing}"
        );
        let read = self.get("/api/v1/tasks");
        assert_eq!((read.status, read.body), (200, tasks));
    }

    fn names(&self) -> Vec<String> {
        let tasks = self.get("/api/v1/tasks").body;
        let tasks = tasks.as_array().unwrap().iter();
        tasks
            .map(|task| task["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

const IMPATIENT: (&str, &str) = ("PODLING_MASTER_COMMIT_TIMEOUT", "300ms");

#[test]
fn a_full_disk_refuses_writes_with_the_reason_and_takes_them_again_when_there_is_room() {
    let mut small = OnDisk::start(Disk::small, &[IMPATIENT]);
    small.cluster.start_worker("a", &["--capacity", "1"]);
    let id = small
        .cluster
        .run(&["runs", "--image", IMAGE, "--", "sleep", "600"]);
    let before = small.cluster.until_status(&id, "running");
    let mut acknowledged = vec!["runs".to_owned()];
    // More than once: SQLite may meet the end of the disk in a statement, in a commit, or when it
    // moves its log into the database.
    for round in 0..4 {
        small.disk.fill();
        let unknown = small.submit_until_refused(&mut acknowledged, round);
        small.refuses_because("full");
        small.disk.make_room();
        small.until_ready();
        // Its outcome was unknown; now it is known, and the task is there once.
        assert_eq!(small.submit(&unknown).status, 201);
        acknowledged.push(unknown);
    }
    for _ in 0..2 {
        assert_eq!(small.names(), acknowledged);
        let after = small.cluster.until_status(&id, "running");
        assert_eq!(after["containerId"], before["containerId"]);
        small.cluster.kill_master();
        small.cluster.start_master();
    }
    assert_eq!(small.cluster.containers(&[]).len(), 1);
}

#[test]
fn a_database_that_can_only_be_read_refuses_writes_until_it_can_be_written() {
    let mut small = OnDisk::start(Disk::ext4, &[IMPATIENT]);
    let mut acknowledged = vec![];
    let immutable = |change: &str| {
        for file in ["podling.db", "podling.db-wal"] {
            let path = small.cluster.data_dir().join(file);
            let done = Command::new("chattr").arg(change).arg(path).status();
            assert!(done.unwrap().success(), "chattr (as root)");
        }
    };
    assert_eq!(small.submit("first").status, 201);
    acknowledged.push("first".to_owned());
    // Root is stopped neither by modes nor, with a file that is open, by a mount.
    immutable("+i");
    let unknown = small.submit_until_refused(&mut acknowledged, 0);
    small.refuses_because("podling.db");
    immutable("-i");
    small.until_ready();
    assert_eq!(small.submit(&unknown).status, 201);
    acknowledged.push(unknown);
    small.cluster.kill_master();
    small.cluster.start_master();
    assert_eq!(small.names(), acknowledged);

    small.cluster.kill_master();
    small.disk.run("mount", &["-o", "remount,ro"]);
    let said = small.cluster.master_does_not_start();
    let data_dir = small.cluster.data_dir();
    assert!(said.contains("Read-only file system"), "{said}");
    assert!(
        said.contains(data_dir.canonicalize().unwrap().to_str().unwrap()),
        "{said}"
    );
    small.disk.run("mount", &["-o", "remount,rw"]);
    small.cluster.start_master();
    assert_eq!(small.names(), acknowledged);
}
