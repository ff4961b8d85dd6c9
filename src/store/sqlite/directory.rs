//! The data directory: made when it is not there, private, and held by one master at a time.
//!
//! The lock is the kernel's (`flock`), so it goes with the process, however that ends. The number
//! in the file is only for people.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::store::Error;

const LOCK: &str = "podling.lock";
const DATABASE: &str = "podling.db";

/// A data directory that this process holds until this is dropped.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Makes the directory when it is not there, and takes it.
    pub fn take(path: &Path) -> Result<Self, Error> {
        make(path).map_err(|error| unusable(path, "can't be made", &error))?;
        // Absolute, so that nothing in the path can look like a URL to SQLite.
        let path = path
            .canonicalize()
            .map_err(|error| unusable(path, "can't be used", &error))?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join(LOCK))
            .map_err(|error| unusable(&path, "can't be written", &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Held {
                    what: format!("data directory {}", path.display()),
                    holder: holder(&mut lock),
                });
            }
            Err(TryLockError::Error(error)) => {
                return Err(unusable(&path, "can't be locked", &error));
            }
        }
        write_pid(&mut lock).map_err(|error| unusable(&path, "can't be written", &error))?;
        let directory = Self { path, _lock: lock };
        directory.make_database_private()?;
        Ok(directory)
    }

    /// Where the database is.
    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// What tasks are given in their environment is in the database, so nobody else may read it.
    /// SQLite gives the files beside it the same mode.
    fn make_database_private(&self) -> Result<(), Error> {
        let database = self.database();
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&database)
            .map_err(|error| unusable(&database, "can't be written", &error))?;
        Ok(())
    }
}

fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    // Durable from the first commit on also means that the directory itself stays.
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => fs::File::open(".")?.sync_all(),
    }
}

fn write_pid(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

fn holder(lock: &mut File) -> Option<String> {
    let mut text = String::new();
    lock.read_to_string(&mut text).ok()?;
    let pid: u32 = text.trim().parse().ok()?;
    Some(format!("process {pid}"))
}

fn unusable(path: &Path, problem: &str, error: &io::Error) -> Error {
    Error::unusable(
        format!("data directory {}", path.display()),
        format!("{problem}: {error}; choose another one with --data-dir"),
    )
}
