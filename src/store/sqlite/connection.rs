//! A connection to the database file: how it is opened, read and written. Synchronous: nothing
//! here may run on a thread that serves requests.

use std::path::Path;
use std::sync::mpsc::sync_channel;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{directory, wal};
use crate::store::error::{Failure, one_line};
use crate::store::rows::{
    BatchRows, MetaRow, NodeRow, SnapshotRows, TaskRow, read_epoch, rows_per_statement,
};
use crate::store::schema::{meta, nodes, tasks};
use crate::store::upsert::upsert;
use crate::store::{Error, Snapshot, migrations};

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

/// So many rows are handed over together when all is read.
const CHUNK: usize = 500;
/// So many such chunks wait at most.
const CHUNKS_AHEAD: usize = 4;

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

fn check_fence(connection: &mut SqliteConnection, ours: i64) -> Result<(), Failure> {
    let found = epoch(connection)?;
    if found == ours {
        Ok(())
    } else {
        Err(Failure::Fenced { found, ours })
    }
}

/// Reads everything, in one transaction.
pub fn load(connection: &mut SqliteConnection, ours: i64) -> Result<Snapshot, Failure> {
    connection.transaction(|connection| {
        check_fence(connection, ours)?;
        let mut snapshot = tasks_of(tasks::table.load_iter::<TaskRow, _>(connection)?)?;
        for row in nodes::table.load_iter::<NodeRow, _>(connection)? {
            snapshot.node(row?)?;
        }
        Ok(snapshot.finish(meta::table.load(connection)?)?)
    })
}

/// Reads rows on this thread and makes tasks of them on another: both take about as long, and a
/// master that starts waits for nothing else.
fn tasks_of(rows: impl Iterator<Item = QueryResult<TaskRow>>) -> Result<SnapshotRows, Failure> {
    // SQLite begins again when it is asked for one more row after the last.
    let mut rows = rows.fuse();
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel::<Vec<TaskRow>>(CHUNKS_AHEAD);
        let decoder = scope.spawn(move || {
            let mut snapshot = SnapshotRows::default();
            receive
                .into_iter()
                .flatten()
                .try_for_each(|row| snapshot.task(row))
                .map(|()| snapshot)
        });
        loop {
            let chunk: Vec<_> = rows.by_ref().take(CHUNK).collect::<QueryResult<_>>()?;
            // Nobody takes it any more: the decoder has found a damaged row, and says so below.
            if chunk.is_empty() || send.send(chunk).is_err() {
                break;
            }
        }
        drop(send);
        let decoded = decoder.join();
        Ok(decoded.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?)
    })
}

/// All or nothing. `IMMEDIATE`: one that began by reading could not wait for the lock when it comes to
/// write. Not diesel's: when SQLite has rolled back by itself, as it does when the disk is full, that one
/// answers with the failure of its own ROLLBACK, not with the disk's.
fn transaction(
    connection: &mut SqliteConnection,
    work: impl FnOnce(&mut SqliteConnection) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let result = (|| {
        connection.batch_execute("BEGIN IMMEDIATE")?;
        work(connection)?;
        Ok(connection.batch_execute("COMMIT")?)
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
