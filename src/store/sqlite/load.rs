//! Reads everything there is. A master that starts waits for nothing else, so tasks are read in parts, each on a
//! thread and a connection of its own: as much time goes into making tasks of rows as into reading these, and a
//! row's texts are freed by the thread that allocated them.

use std::num::NonZero;
use std::thread::{Builder, available_parallelism};

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
/// More would wait for one another: all connections of a process share one cache of pages.
const MOST_PARTS: usize = 8;
/// For the other connections, which only read.
const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON";
/// SQLite's own number of a row; the tables' definitions do not name it.
const ROW: &str = "rowid";

/// The first and the last row of a part.
type Part = (i64, i64);

/// Reads everything, in one transaction, which lets others read but not write: so all connections see
/// the same. `name` is that of the database as it was opened.
pub fn load(connection: &mut SqliteConnection, name: &str, ours: i64) -> Result<Snapshot, Failure> {
    transaction(connection, |connection| {
        check_fence(connection, ours)?;
        let count: i64 = tasks::table.select(count_star()).first(connection)?;
        let count = usize::try_from(count).unwrap_or_default();
        let cores = available_parallelism().map_or(1, NonZero::get);
        let wanted = (count / FEWEST_OF_A_PART).clamp(1, cores.min(MOST_PARTS));
        let parts = split(connection, count, wanted)?;
        let mut snapshot = read_all(connection, name, &parts)?;
        for row in nodes::table.load_iter::<NodeRow, _>(connection)? {
            snapshot.node(row?)?;
        }
        Ok(snapshot.finish(meta::table.load(connection)?)?)
    })
}

/// All rows, in so many parts of about one size: ids begin with the time, so their order is nearly that of the
/// rows, and only their index is read, once. It decides no more than how long each part takes.
fn split(connection: &mut SqliteConnection, count: usize, wanted: usize) -> QueryResult<Vec<Part>> {
    let size = i64::try_from(count / wanted).unwrap_or(i64::MAX);
    let mut firsts = vec![];
    let mut last_id = String::new();
    for _ in 1..wanted {
        let rows = tasks::table.select((tasks::id, sql::<BigInt>(ROW)));
        let after = rows.filter(tasks::id.gt(&last_id)).order(tasks::id);
        let next = after.offset(size).first::<(String, i64)>(connection);
        if let Some((id, row)) = next.optional()? {
            last_id = id;
            firsts.push(row);
        }
    }
    firsts.sort_unstable();
    let lasts: Vec<i64> = firsts.iter().map(|first| first - 1).collect();
    let firsts = std::iter::once(i64::MIN).chain(firsts);
    Ok(firsts.zip(lasts.into_iter().chain([i64::MAX])).collect())
}

/// The first part is read by this thread, and each for which there is no other.
fn read_all(
    connection: &mut SqliteConnection,
    name: &str,
    parts: &[Part],
) -> Result<SnapshotRows, Failure> {
    std::thread::scope(|scope| {
        let (mut here, mut beside) = (vec![], vec![]);
        for (number, part) in parts.iter().enumerate() {
            let read_beside = move || read_part(&mut open_another(name)?, part);
            let thread = (number > 0).then(|| Builder::new().spawn_scoped(scope, read_beside));
            match thread {
                Some(Ok(thread)) => beside.push(thread),
                Some(Err(_)) | None => here.push(part),
            }
        }
        let mut snapshot = SnapshotRows::default();
        for part in here {
            snapshot.append(read_part(connection, part)?);
        }
        for thread in beside {
            let rows = thread.join();
            snapshot.append(rows.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(snapshot)
    })
}

fn open_another(name: &str) -> Result<SqliteConnection, Failure> {
    let mut connection = SqliteConnection::establish(name).map_err(|error| {
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(error.to_string()))
    })?;
    connection.batch_execute(SETTINGS)?;
    Ok(connection)
}

fn read_part(
    connection: &mut SqliteConnection,
    (first, last): &Part,
) -> Result<SnapshotRows, Failure> {
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
        let name = &store.inner.database;
        for wanted in [1, 2, 3, 7] {
            let parts = split(&mut connection, 100, wanted).unwrap();
            assert_eq!(parts.len(), wanted);
            for part in &parts {
                let rows = read_part(&mut connection, part).unwrap();
                let size = rows.finish(vec![]).unwrap().tasks.len();
                assert!(
                    (100 / wanted).abs_diff(size) < wanted,
                    "{size} of {wanted} parts"
                );
            }
            let all = |connection: &mut _| read_all(connection, name, &parts);
            let rows = transaction(&mut connection, all).unwrap();
            assert_eq!(rows.finish(vec![]).unwrap().tasks, tasks);
        }

        // What another thread finds damaged is told as what this one finds.
        let damaged =
            "UPDATE tasks SET status = 'paused' WHERE rowid = (SELECT max(rowid) FROM tasks)";
        connection.batch_execute(damaged).unwrap();
        let parts = split(&mut connection, 100, 3).unwrap();
        let found = transaction(&mut connection, |connection| {
            read_all(connection, name, &parts)
        });
        match found {
            Err(Failure::Damaged(found)) => assert_eq!(found.column, "status"),
            other => panic!("{other:?}"),
        }
    }
}
