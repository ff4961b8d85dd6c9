//! A connection to the database file: how it is opened and written. Synchronous: nothing
//! here may run on a thread that serves requests.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{directory, wal};
use crate::store::error::{Failure, one_line};
use crate::store::rows::{BatchRows, MetaRow, read_epoch, rows_per_statement};
use crate::store::schema::{meta, nodes, tasks};
use crate::store::upsert::upsert;
use crate::store::{Error, migrations};

/// Durable at every commit (`synchronous`), readers such as a backup never in the way
/// (`journal_mode`). The larger check-point interval (4 KiB pages) halves what is written twice
/// under load; what the log keeps on disk afterwards is bounded.
const SETTINGS: &str = "
    PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
";

/// Opens the file, looks whether it and its log are sound, makes or updates its tables.
pub fn open(path: &Path, log: &Path) -> Result<SqliteConnection, Error> {
    let unusable = |why: String| Error::unusable(path.display(), why);
    let damaged = |what: String| directory::damaged(path, what);
    let name = path
        .to_str()
        .ok_or_else(|| unusable("the path has to be UTF-8".into()))?;
    // Ordering: SQLite drops what it finds damaged in a log as soon as it reads it.
    if let Some(what) = wal::check(log).map_err(|error| unusable(format!("its log: {error}")))? {
        return Err(damaged(what));
    }
    let mut connection =
        SqliteConnection::establish(name).map_err(|error| unusable(error.to_string()))?;
    connection
        .batch_execute(SETTINGS)
        .map_err(|error| match one_line(&error) {
            text if text.contains("not a database") || text.contains("malformed") => damaged(text),
            text => unusable(text),
        })?;
    match check(&mut connection).map_err(|error| one_line(&error)) {
        Ok(None) => {}
        Ok(Some(what)) | Err(what) => return Err(damaged(what)),
    }
    // What a torn transaction may have left at the end of the log must not be taken for damage the
    // next time. Whoever reads beside us may be in the way; then it stays.
    let _ = connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)");
    migrations::run(&mut connection, migrations::SQLITE).map_err(unusable)?;
    Ok(connection)
}

#[derive(QueryableByName)]
struct Check {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

/// Reads the whole file once, as `load` does anyway, so that damage is found before anything
/// stands on it. `quick_check` rather than `integrity_check`: the latter also compares indexes
/// with tables, at several times the cost.
fn check(connection: &mut SqliteConnection) -> QueryResult<Option<String>> {
    let found = diesel::sql_query("PRAGMA quick_check(1)").load::<Check>(connection)?;
    let mut found = found.into_iter().map(|row| row.quick_check);
    let problem = found.find(|line| line != "ok");
    // It has a headline of its own.
    Ok(problem.map(|lines| lines.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// Raises the epoch: whoever had this database before is fenced from now on.
pub fn raise_epoch(connection: &mut SqliteConnection) -> Result<i64, Failure> {
    connection.immediate_transaction(|connection| {
        let epoch = epoch(connection)? + 1;
        diesel::update(meta::table.find(MetaRow::EPOCH))
            .set(meta::value.eq(epoch.to_string()))
            .execute(connection)?;
        Ok(epoch)
    })
}

fn epoch(connection: &mut SqliteConnection) -> Result<i64, Failure> {
    let row = meta::table.find(MetaRow::EPOCH).select(meta::value);
    let value: Option<String> = row.first(connection).optional()?;
    Ok(read_epoch(value.as_deref())?)
}

pub fn check_fence(connection: &mut SqliteConnection, ours: i64) -> Result<(), Failure> {
    let found = epoch(connection)?;
    if found == ours {
        Ok(())
    } else {
        Err(Failure::Fenced { found, ours })
    }
}

/// All or nothing. `IMMEDIATE`: one that began by reading could not wait for the lock when it comes to
/// write. Not diesel's: when SQLite has rolled back by itself, as it does when the disk is full, that one
/// answers with the failure of its own ROLLBACK, not with the disk's.
pub fn transaction<T>(
    connection: &mut SqliteConnection,
    work: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let result = (|| {
        connection.batch_execute("BEGIN IMMEDIATE")?;
        let done = work(connection)?;
        connection.batch_execute("COMMIT")?;
        Ok(done)
    })();
    if result.is_err() {
        // In vain when nothing was begun, or SQLite was first.
        let _ = connection.batch_execute("ROLLBACK");
    }
    result
}

/// Writes a batch in one transaction, row by row: each by a statement that is kept prepared.
pub fn commit(
    connection: &mut SqliteConnection,
    ours: i64,
    rows: &BatchRows,
) -> Result<(), Failure> {
    if rows.is_empty() {
        return check_fence(connection, ours);
    }
    transaction(connection, |connection| {
        check_fence(connection, ours)?;
        for row in &rows.tasks {
            upsert(tasks::table, row).execute(connection)?;
        }
        for chunk in rows.removed_tasks.chunks(rows_per_statement(1)) {
            diesel::delete(tasks::table.filter(tasks::id.eq_any(chunk))).execute(connection)?;
        }
        for row in &rows.nodes {
            upsert(nodes::table, row).execute(connection)?;
        }
        for chunk in rows.removed_nodes.chunks(rows_per_statement(1)) {
            diesel::delete(nodes::table.filter(nodes::id.eq_any(chunk))).execute(connection)?;
        }
        for row in &rows.meta {
            upsert(meta::table, row).execute(connection)?;
        }
        Ok(())
    })
}
