//! A wall clock of its own for one process: the machine's is everybody's. The monotonic clock stays
//! the machine's, as when somebody sets the time.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The program gets a clock that is set by a file, and begins with the machine's time.
pub fn give(command: &mut Command, file: &Path) {
    if !file.exists() {
        set(file, 0);
    }
    command
        .env("LD_PRELOAD", library())
        .env("FAKETIME_TIMESTAMP_FILE", file)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}

/// Sets the clock to so far from the machine's.
pub fn set(file: &Path, seconds: i64) {
    // Written beside it and renamed: the program reads it at any moment.
    let beside = file.with_extension("new");
    std::fs::write(&beside, format!("{seconds:+}")).expect("a clock");
    std::fs::rename(&beside, file).expect("a clock");
}

fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("/usr/lib");
    let libraries = folders.filter_map(Result::ok).map(|folder| {
        let library = "faketime/libfaketimeMT.so.1";
        folder.path().join(library)
    });
    let mut there = libraries.filter(|library| library.exists());
    there
        .next()
        .expect("libfaketime (make test-tools installs it)")
}
