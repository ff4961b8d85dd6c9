//! The data directory: made when it is not there, private, and held by one master at a time.
//!
//! The lock is the kernel's (`flock`), so it goes with the process, however that ends. The number
//! in the file is only for people. Its second line says that a database was made here once: one
//! that is not there or empty afterwards is damage, and no reason to begin with an empty cluster
//! and to have every container stopped.

use std::fmt::Display;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::store::Error;

const LOCK: &str = "podling.lock";
const DATABASE: &str = "podling.db";
/// The second line of the lock file.
const MADE: &str = "podling.db was made";

/// A data directory that this process holds until this is dropped.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    lock: File,
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
        let written = |error| unusable(&path, "can't be written", &error);
        let was_made = read(&mut lock).map_err(written)?.lines().nth(1) == Some(MADE);
        write_pid(&mut lock, was_made).map_err(written)?;
        let directory = Self { path, lock };
        if was_made {
            directory.has_database()?;
        }
        directory.make_database_private()?;
        Ok(directory)
    }

    /// From now on the database has to be there.
    pub fn database_is_made(&mut self) -> Result<(), Error> {
        write_pid(&mut self.lock, true)
            .map_err(|error| unusable(&self.path, "can't be written", &error))
    }

    fn has_database(&self) -> Result<(), Error> {
        let database = self.database();
        let problem = match fs::metadata(&database) {
            Ok(metadata) if metadata.len() > 0 => return Ok(()),
            Ok(_) => "it is empty, and was not".to_owned(),
            Err(error) => format!("it was here, and now: {error}"),
        };
        Err(damaged(&database, problem))
    }

    /// Where the database is.
    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Where its write-ahead log is.
    pub fn log(&self) -> PathBuf {
        self.path.join(format!("{DATABASE}-wal"))
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

/// Written over what is there, so that a full disk does not stop it and nothing is lost on the way.
fn write_pid(lock: &mut File, made: bool) -> io::Result<()> {
    let mut text = format!("{}\n", std::process::id());
    if made {
        text += MADE;
        text.push('\n');
    }
    lock.rewind()?;
    lock.write_all(text.as_bytes())?;
    lock.set_len(text.len() as u64)
}

fn read(lock: &mut File) -> io::Result<String> {
    let mut text = String::new();
    lock.rewind()?;
    lock.read_to_string(&mut text)?;
    Ok(text)
}

fn holder(lock: &mut File) -> Option<String> {
    let text = read(lock).ok()?;
    let pid: u32 = text.lines().next()?.trim().parse().ok()?;
    Some(format!("process {pid}"))
}

/// The database can't be trusted, and what to do.
pub fn damaged(database: &Path, what: impl Display) -> Error {
    Error::unusable(
        database.display(),
        format!(
            "the database is damaged ({what}): restore a backup, without the files -wal and -shm \
             beside it, or move the whole data directory away to begin anew"
        ),
    )
}

fn unusable(path: &Path, problem: &str, error: &io::Error) -> Error {
    Error::unusable(
        format!("data directory {}", path.display()),
        format!("{problem}: {error}; choose another one with --data-dir"),
    )
}
