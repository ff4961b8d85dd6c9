//! Whether the open files are still the ones at their paths.
//!
//! SQLite goes on writing to a file that was moved or removed under it: what it acknowledges then,
//! nobody will ever read.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The database and its log, as they were opened.
pub struct Files(Vec<(PathBuf, Option<(u64, u64)>)>);

impl Files {
    /// Right after these were opened.
    pub fn opened(paths: [&Path; 2]) -> Self {
        let now = |path: &Path| (path.to_owned(), identity(path).ok());
        Self(paths.map(now).into())
    }

    /// Says what became of them.
    pub fn check(&self) -> Result<(), String> {
        for (path, opened) in &self.0 {
            let found = identity(path);
            if *opened != found.as_ref().ok().copied() {
                let path = path.display();
                return Err(match found {
                    Ok(_) => format!("{path} is no longer the file that was opened"),
                    Err(error) => format!("{path} was moved or removed: {error}"),
                });
            }
        }
        Ok(())
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}
