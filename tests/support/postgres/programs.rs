//! PostgreSQL's programs, and a fresh folder for a server.
//!
//! `initdb` takes seconds, so it runs once for all test processes of this machine; each server
//! gets a copy of the result.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::kill;
use nix::unistd::{Pid, Uid, User};

static COPIES: AtomicU32 = AtomicU32::new(1);

/// Where the programs are, and as whom they run.
#[derive(Clone)]
pub struct Programs {
    pub folder: PathBuf,
    user: Option<User>,
}

impl Programs {
    /// Finds them, or panics and says what to install.
    pub fn find() -> Self {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
        let mut folders: Vec<PathBuf> = versions
            .filter_map(|version| Some(version.ok()?.path().join("bin")))
            .collect();
        let path = std::env::var_os("PATH").unwrap_or_default();
        folders.extend(std::env::split_paths(&path));
        let mut found = folders.into_iter().filter_map(|folder| {
            // A link in PATH may stand alone: the others are where it leads.
            let folder = folder
                .join("initdb")
                .canonicalize()
                .ok()?
                .parent()?
                .to_owned();
            let all = ["initdb", "postgres", "psql", "pg_isready"];
            all.iter()
                .all(|name| folder.join(name).is_file())
                .then_some(folder)
        });
        let folder = found.next().expect(
            "these tests need a PostgreSQL server and psql: `apt-get install postgresql`, or `make test`, which does it",
        );
        let user = Uid::effective().is_root().then(|| {
            let users = ["postgres", "nobody"].map(|name| User::from_name(name).ok().flatten());
            let user = users.into_iter().flatten().next();
            user.expect("root may not run PostgreSQL: a user `postgres` or `nobody` is needed")
        });
        Self { folder, user }
    }

    /// The command, as a user who may run PostgreSQL.
    pub fn as_user(&self, mut command: Command) -> Command {
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8");
        // Readable for that user too, unlike perhaps the folder of the tests.
        command.current_dir("/");
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    /// One of the programs.
    pub fn command(&self, name: &str) -> Command {
        self.as_user(Command::new(self.folder.join(name)))
    }

    /// Makes a folder and what is in it the server's own.
    pub fn give(&self, folder: &Path) {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("mode of a folder");
        let Some(user) = &self.user else { return };
        let ids = (Some(user.uid.as_raw()), Some(user.gid.as_raw()));
        std::os::unix::fs::chown(folder, ids.0, ids.1).expect("owner of a folder");
        for file in fs::read_dir(folder)
            .expect("a folder")
            .filter_map(Result::ok)
        {
            std::os::unix::fs::chown(file.path(), ids.0, ids.1).expect("owner of a file");
        }
    }

    /// A fresh copy of the template, which is made when there is none.
    pub fn copy_of_template(&self) -> PathBuf {
        let mut postgres = self.command("postgres");
        postgres.arg("--version");
        // `postgres (PostgreSQL) 15.18 (Debian …)`
        let version = succeed(postgres);
        let version = version.split_whitespace().nth(2).unwrap_or_default();
        let owner = self.user.as_ref().map_or(Uid::effective(), |user| user.uid);
        let name = format!("podling-test-postgres-{version}-{owner}");
        let template = std::env::temp_dir().join(&name);
        // Other test processes make it at the same moment.
        let lock = File::create(std::env::temp_dir().join(format!("{name}.lock")));
        let lock = lock.expect("a lock file in the temporary folder");
        lock.lock().expect("a lock");
        remove_leftovers(&name);
        if !template.is_dir() {
            let unfinished = template.with_extension("unfinished");
            let _ = fs::remove_dir_all(&unfinished);
            fs::create_dir(&unfinished).expect("a folder for PostgreSQL");
            self.give(&unfinished);
            let mut initdb = self.command("initdb");
            initdb.args([
                "--no-sync",
                "--wal-segsize=1",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ]);
            initdb
                .args(["--username=postgres", "--auth=trust", "-D"])
                .arg(&unfinished);
            succeed(initdb);
            fs::rename(&unfinished, &template).expect("the template");
        }
        drop(lock);
        let number = COPIES.fetch_add(1, Ordering::Relaxed);
        let copy = format!("{name}-{}-{number}", std::process::id());
        let copy = std::env::temp_dir().join(copy);
        let mut cp = Command::new("cp");
        cp.args(["-a", "--reflink=auto"]).arg(&template).arg(&copy);
        succeed(cp);
        copy
    }
}

/// Removes the folders of test processes that were killed.
fn remove_leftovers(name: &str) {
    for entry in fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
    {
        let file = entry.file_name();
        let rest = file
            .to_str()
            .and_then(|file| file.strip_prefix(name)?.strip_prefix('-'));
        let pid = rest.and_then(|rest| rest.split('-').next()?.parse().ok());
        if pid.is_some_and(|pid| kill(Pid::from_raw(pid), None).is_err()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Runs a program to its end; what it printed. Panics with its messages when it fails.
pub fn succeed(mut command: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?}: {status}: {stderr}");
    String::from_utf8_lossy(&stdout).into_owned()
}
