//! Which store, and where.

use std::path::PathBuf;

/// Which store, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// Nothing survives the process.
    Memory,
    /// A SQLite database `podling.db` in this directory, which is made when it is not there.
    Sqlite {
        /// The data directory.
        data_dir: PathBuf,
    },
    /// A PostgreSQL database.
    Postgres {
        /// `postgres://user:password@host:port/database?sslmode=…`.
        url: String,
    },
}
