//! Rows: what a record looks like in a table, there and back.
//!
//! Words an operator may want to query are columns of their own; what is only ever read as a
//! whole is JSON. Reading is as strict as writing: a row that does not make sense is an error that
//! names it, never a default.

mod batch;
mod node;
mod task;
mod text;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use batch::{BatchRows, MetaRow, SnapshotRows, read_epoch};
pub use node::NodeRow;
pub use task::TaskRow;

/// Rows of one statement at most, so that it stays below the databases' limits on variables
/// (SQLite 32,766, PostgreSQL 65,535).
pub const fn rows_per_statement(columns: usize) -> usize {
    30_000 / columns
}

/// A row that does not make sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{record}, column {column}: {problem}")]
pub struct Damaged {
    /// `task 20251123…`.
    pub record: String,
    /// Which column.
    pub column: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// Says of which record a problem is.
struct Record<'a> {
    kind: &'static str,
    id: &'a str,
}

impl Record<'_> {
    fn damaged(&self, column: &'static str, problem: impl ToString) -> Damaged {
        Damaged {
            record: format!("{} {}", self.kind, self.id),
            column,
            problem: problem.to_string(),
        }
    }

    fn to_json<T: Serialize + ?Sized>(
        &self,
        column: &'static str,
        value: &T,
    ) -> Result<String, Damaged> {
        serde_json::to_string(value).map_err(|error| self.damaged(column, error))
    }

    fn parse<T: DeserializeOwned>(&self, column: &'static str, json: &str) -> Result<T, Damaged> {
        serde_json::from_str(json).map_err(|error| self.damaged(column, error))
    }

    fn number<T: TryFrom<i64>>(&self, column: &'static str, number: i64) -> Result<T, Damaged> {
        T::try_from(number)
            .map_err(|_| self.damaged(column, format!("{number} is not possible here")))
    }
}
