//! Why a store does not do what it is asked.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::rows::Damaged;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another master has taken over. Final: this one must not write any more.
    #[error("another master took over this store (epoch {found}, ours is {ours})")]
    Fenced {
        /// The epoch in the store.
        found: i64,
        /// The epoch of this process.
        ours: i64,
    },
    /// Another master is alive on this store.
    #[error("{what} is held by another master{}", .holder.as_ref().map(|h| format!(" ({h})")).unwrap_or_default())]
    Held {
        /// The data directory or database.
        what: String,
        /// Who, when it is known.
        holder: Option<String>,
    },
    /// Can't be used as it is; trying again does not help.
    #[error("{what}: {why}")]
    Unusable {
        /// The file, directory or database.
        what: String,
        /// Why, and what to do.
        why: String,
    },
    /// Did not work this time; trying again may help. Whether a commit took place is unknown.
    #[error("{0}")]
    Unavailable(String),
}

impl Error {
    /// An [`Error::Unusable`].
    pub(super) fn unusable(what: impl ToString, why: impl ToString) -> Self {
        Self::Unusable {
            what: what.to_string(),
            why: why.to_string(),
        }
    }
}

/// What can end a transaction, before it is known which store it was.
#[derive(Debug)]
pub(super) enum Failure {
    Fenced { found: i64, ours: i64 },
    Damaged(Damaged),
    Database(DieselError),
}

impl From<DieselError> for Failure {
    fn from(error: DieselError) -> Self {
        Self::Database(error)
    }
}

impl From<Damaged> for Failure {
    fn from(damaged: Damaged) -> Self {
        Self::Damaged(damaged)
    }
}

impl Failure {
    /// As an error of the store that `what` describes.
    pub(super) fn of(self, what: &str) -> Error {
        match self {
            Self::Fenced { found, ours } => Error::Fenced { found, ours },
            Self::Damaged(damaged) => Error::unusable(
                what,
                format!("{damaged}: written by hand or by another version? Restore a backup"),
            ),
            // Nothing more can be written, but a new start would not do either: as long as this
            // master lives, what it knows can be read.
            Self::Database(error) if is_damage(&error) => Error::Unavailable(format!(
                "{what}: the database is damaged ({}): end this master and restore a backup",
                one_line(&error)
            )),
            Self::Database(error) if is_final(&error) => Error::unusable(what, one_line(&error)),
            Self::Database(error) => Error::Unavailable(format!("{what}: {}", one_line(&error))),
        }
    }

    /// Whether the connection is gone, so that a new one may do.
    pub(super) fn is_lost_connection(&self) -> bool {
        matches!(self, Self::Database(error) if is_lost(error))
    }
}

fn is_lost(error: &DieselError) -> bool {
    use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
    match error {
        DieselError::DatabaseError(kind, information) => {
            matches!(kind, ClosedConnection | UnableToSendCommand)
                // How a PostgreSQL server says goodbye.
                || information.message().starts_with("terminating connection")
        }
        DieselError::RollbackErrorOnCommit { commit_error, .. } => is_lost(commit_error),
        DieselError::BrokenTransactionManager => true,
        _ => false,
    }
}

/// diesel drops the code; these are SQLite's texts for SQLITE_CORRUPT and _NOTADB.
fn is_damage(error: &DieselError) -> bool {
    let DieselError::DatabaseError(_, information) = error else {
        return false;
    };
    let text = information.message();
    text.contains("disk image is malformed") || text.contains("not a database")
}

/// Whether trying again can't help, and a new start may. Disk full, read-only, locked, connection lost, time-out and
/// whatever is not known all may heal.
fn is_final(error: &DieselError) -> bool {
    use DatabaseErrorKind::{
        CheckViolation, ForeignKeyViolation, NotNullViolation, UniqueViolation,
    };
    match error {
        DieselError::DatabaseError(kind, information) => {
            // Both databases' texts for a table or column that somebody took away.
            let text = information.message();
            matches!(
                kind,
                UniqueViolation | ForeignKeyViolation | NotNullViolation | CheckViolation
            ) || text.starts_with("no such ")
                || text.ends_with("does not exist")
        }
        DieselError::NotFound
        | DieselError::QueryBuilderError(_)
        | DieselError::SerializationError(_)
        | DieselError::DeserializationError(_) => true,
        _ => false,
    }
}

/// An error with what the database says about it, in one line.
pub(super) fn one_line(error: &DieselError) -> String {
    let mut text = error.to_string();
    if let DieselError::DatabaseError(_, information) = error {
        for more in [information.details(), information.hint()]
            .into_iter()
            .flatten()
        {
            text.push_str("; ");
            text.push_str(more);
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
