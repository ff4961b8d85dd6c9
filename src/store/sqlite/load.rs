//! Reads everything there is. A master that starts waits for nothing else, so it is read in parts, each on a
//! thread and a connection of its own: half of the time goes into making tasks of rows, and what one thread
//! allocates is freed by it.

use std::num::NonZero;
use std::path::Path;
use std::thread::available_parallelism;

use diesel::connection::SimpleConnection;
use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::BigInt;

use super::connection::{check_fence, transaction};
use crate::store::Snapshot;
use crate::store::error::Failure;
use crate::store::rows::{NodeRow, SnapshotRows, TaskRow};
use crate::store::schema::{meta, nodes, tasks};

/// Fewer tasks are read sooner than another connection is opened.
const FEWEST_OF_A_PART: usize = 10_000;
/// For the other connections, which only read.
const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON";
/// SQLite's own number of a row; the tables' definitions do not name it.
const ROW: &str = "rowid";

/// The first and the last row of a part.
type Part = (i64, i64);

/// Reads everything, in one transaction: it keeps others from writing, so that all connections see the same.
pub fn load(
    connection: &mut SqliteConnection,
    path: &Path,
    ours: i64,
) -> Result<Snapshot, Failure> {
    transaction(connection, |connection| {
        check_fence(connection, ours)?;
        let count: i64 = tasks::table.select(count_star()).first(connection)?;
        let count = usize::try_from(count).unwrap_or_default();
        let cores = available_parallelism().map_or(1, NonZero::get);
        let parts = parts(
            connection,
            count,
            (count / FEWEST_OF_A_PART).clamp(1, cores),
        )?;
        let mut snapshot = in_parts(connection, path, &parts)?;
        for row in nodes::table.load_iter::<NodeRow, _>(connection)? {
            snapshot.node(row?)?;
        }
        Ok(snapshot.finish(meta::table.load(connection)?)?)
    })
}

/// All rows, in so many parts of about one size: ids begin with the time, so their order is nearly that of the
/// rows, and only their index is read. It decides no more than how long each part takes.
fn parts(connection: &mut SqliteConnection, count: usize, parts: usize) -> QueryResult<Vec<Part>> {
    let mut firsts = vec![];
    for part in 1..parts {
        let before = i64::try_from(count * part / parts).unwrap_or(i64::MAX);
        let rows = tasks::table.select(sql::<BigInt>(ROW)).order(tasks::id);
        firsts.extend(rows.offset(before).limit(1).load::<i64>(connection)?);
    }
    firsts.sort_unstable();
    let lasts: Vec<i64> = firsts.iter().map(|first| first - 1).collect();
    let firsts = std::iter::once(i64::MIN).chain(firsts);
    Ok(firsts.zip(lasts.into_iter().chain([i64::MAX])).collect())
}

/// The first part is read by this thread.
fn in_parts(
    connection: &mut SqliteConnection,
    path: &Path,
    parts: &[Part],
) -> Result<SnapshotRows, Failure> {
    std::thread::scope(|scope| {
        let (first, others) = parts.split_first().unwrap_or((&(i64::MIN, i64::MAX), &[]));
        let read_beside = |part| scope.spawn(move || read(&mut another(path)?, part));
        let others: Vec<_> = others.iter().map(read_beside).collect();
        let mut snapshot = read(connection, first)?;
        for other in others {
            let read = other.join();
            snapshot.append(read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(snapshot)
    })
}

fn another(path: &Path) -> Result<SqliteConnection, Failure> {
    // The first connection was opened by the same path.
    let opened = SqliteConnection::establish(path.to_str().unwrap_or_default());
    let mut connection = opened.map_err(|error| {
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(error.to_string()))
    })?;
    connection.batch_execute(SETTINGS)?;
    Ok(connection)
}

fn read(connection: &mut SqliteConnection, (first, last): &Part) -> Result<SnapshotRows, Failure> {
    let part = tasks::table.filter(sql::<BigInt>(ROW).between(*first, *last));
    let mut rows = SnapshotRows::default();
    for row in part.load_iter::<TaskRow, _>(connection)? {
        rows.task(row?)?;
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::test_cluster::{Cluster, spec};
    use crate::store::sqlite::Sqlite;
    use crate::store::{Batch, Store};

    /// With rows that are gone, and one that was written anew.
    #[tokio::test]
    async fn parts_hold_each_task_once_and_are_of_about_one_size() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path()).await.unwrap();
        let mut cluster = Cluster::new();
        let mut one_a_second = |number| {
            let submitted = (0..number).map(|_| {
                cluster.now.wall.0 += 1_000;
                let id = cluster.submit(spec());
                cluster.state.task(&id).unwrap().clone()
            });
            submitted.collect::<Vec<_>>()
        };
        let (gone, tasks) = (one_a_second(500), one_a_second(100));
        let first = Batch {
            put_tasks: gone.clone(),
            ..Batch::default()
        };
        let then = Batch {
            put_tasks: tasks.clone(),
            remove_tasks: gone.iter().map(|task| task.id.clone()).collect(),
            ..Batch::default()
        };
        let again = Batch {
            put_tasks: vec![tasks[0].clone()],
            ..Batch::default()
        };
        for batch in [first, then, again] {
            store.commit(&batch).await.unwrap();
        }

        let mut connection = store.inner.connection.lock().unwrap();
        for wanted in [1, 2, 3, 7] {
            let parts = parts(&mut connection, 100, wanted).unwrap();
            assert_eq!(parts.len(), wanted);
            for part in &parts {
                let rows = read(&mut connection, part).unwrap();
                let read = rows.finish(vec![]).unwrap().tasks.len();
                assert!((100 / wanted..=100 / wanted + 1).contains(&read), "{read}");
            }
            let rows = in_parts(&mut connection, &store.inner.path, &parts).unwrap();
            assert_eq!(rows.finish(vec![]).unwrap().tasks, tasks);
        }
    }
}
