//! SQLite, in the data directory: the default.
//!
//! One connection, one batch at a time, each batch as a whole on a thread for blocking work: hops
//! between threads cost more than the statements (measured: 5 times). Only what is read at the start
//! is read by several.

mod connection;
mod directory;
mod files;
mod load;
mod wal;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::SqliteConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::task::spawn_blocking;

use super::error::Failure;
use super::rows::BatchRows;
use super::{Batch, Error, Snapshot, Store};
use directory::Directory;
use files::Files;

/// A store in a SQLite database.
pub struct Sqlite {
    inner: Arc<Inner>,
}

struct Inner {
    // Ordering: the connection is closed before the directory is given back.
    connection: Mutex<SqliteConnection>,
    epoch: i64,
    /// Its file, as it was opened.
    database: String,
    name: String,
    files: Files,
    _directory: Directory,
}

impl Sqlite {
    /// Takes the data directory and opens the database in it.
    pub async fn open(data_dir: &Path) -> Result<Self, Error> {
        let data_dir = data_dir.to_owned();
        on_blocking_thread("sqlite", move || {
            let mut directory = Directory::take(&data_dir)?;
            let (path, log) = (directory.database(), directory.log());
            let name = format!("sqlite ({})", path.display());
            let mut connection = connection::open(&path, &log)?;
            let epoch =
                connection::raise_epoch(&mut connection).map_err(|failure| failure.of(&name))?;
            directory.database_is_made()?;
            let inner = Inner {
                files: Files::opened([&path, &log]),
                connection: Mutex::new(connection),
                epoch,
                // It was opened by this name, so it is UTF-8.
                database: path.to_string_lossy().into_owned(),
                name,
                _directory: directory,
            };
            Ok(Self {
                inner: Arc::new(inner),
            })
        })
        .await
    }

    /// Cancel-safe: what has begun goes on to its end on its own thread, and whoever comes next
    /// waits for it there.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteConnection, i64) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = self.inner.clone();
        on_blocking_thread(&self.inner.name, move || {
            let mut connection = inner
                .connection
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let name = &inner.name;
            inner
                .files
                .check()
                .map_err(|why| Error::Unavailable(format!("{name}: {why}")))?;
            work(&mut connection, inner.epoch).map_err(|failure| failure.of(name))
        })
        .await
    }
}

async fn on_blocking_thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Error::Unavailable(format!("{name}: {error}"))))
}

impl Store for Sqlite {
    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>> {
        let name = self.inner.database.clone();
        self.run(move |connection, epoch| load::load(connection, &name, epoch))
            .boxed()
    }

    fn commit<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Error>> {
        // Only pointers are copied; the JSON is made on the other thread.
        let batch = batch.clone();
        self.run(move |connection, epoch| {
            let rows = BatchRows::try_from(&batch)?;
            connection::commit(connection, epoch, &rows)
        })
        .boxed()
    }

    fn describe(&self) -> String {
        self.inner.name.clone()
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::{InstrumentationEvent, SimpleConnection};
    use diesel::prelude::*;

    use super::*;
    use crate::core::Spec;
    use crate::core::test_cluster::Cluster;

    #[tokio::test]
    async fn statements_that_write_are_prepared_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path()).await.unwrap();
        let (said, prepared) = std::sync::mpsc::channel();
        let listener = move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::CacheQuery { sql, .. } = event {
                said.send(sql.to_owned()).unwrap();
            }
        };
        let connection = store.inner.connection.lock();
        connection.unwrap().set_instrumentation(listener);
        let mut cluster = Cluster::new();
        let mut commit = async |number: u32| {
            for _ in 0..2 {
                cluster.submit(Spec {
                    name: "a".into(),
                    image: "busybox".into(),
                    ..Spec::default()
                });
            }
            let batch = Batch {
                put_tasks: cluster.state.tasks().cloned().collect(),
                put_nodes: vec![Arc::new(node(number))],
                last_event: number.into(),
                ..Batch::default()
            };
            store.commit(&batch).await.unwrap();
            prepared.try_iter().collect::<Vec<String>>()
        };
        let statements = commit(1).await;
        for table in ["tasks", "nodes", "meta"] {
            let insert = format!("INSERT INTO `{table}`");
            let kept = statements.iter().filter(|sql| sql.starts_with(&insert));
            assert_eq!(kept.count(), 1, "{table}: {statements:?}");
        }
        assert_eq!(commit(2).await, [""; 0], "they are kept");
        assert_eq!(store.load().await.unwrap().tasks.len(), 4);
    }

    #[tokio::test]
    async fn a_full_disk_is_an_outage_that_ends_when_there_is_room_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path()).await.unwrap();
        let limit = |pages: u32| {
            let mut connection = store.inner.connection.lock().unwrap();
            let limit = format!("PRAGMA max_page_count = {pages}");
            connection.batch_execute(&limit).unwrap();
        };
        let nodes = (0..1000).map(|number| Arc::new(node(number))).collect();
        let batch = Batch {
            put_nodes: nodes,
            last_event: 1,
            ..Batch::default()
        };
        // SQLite's own limit: it then says what it says when the disk is full.
        limit(10);
        for _ in 0..2 {
            let error = store.commit(&batch).await.unwrap_err();
            assert!(matches!(error, Error::Unavailable(_)), "{error}");
            assert!(error.to_string().contains("full"), "{error}");
        }
        assert_eq!(store.load().await.unwrap().nodes.len(), 0);
        limit(1_000_000);
        store.commit(&batch).await.unwrap();
        assert_eq!(store.load().await.unwrap().nodes.len(), 1000);
    }

    fn node(number: u32) -> crate::core::Node {
        crate::core::Node {
            id: number.to_string().into(),
            hostname: "localhost".into(),
            port: 8081,
            availability: crate::core::Availability::Online,
            drain: None,
            degraded: None,
            unreachable: None,
            offline_reason: String::new(),
            capacity: Default::default(),
            labels: Default::default(),
            engine: None,
            version: None,
            heartbeat_interval_ms: 30_000,
            registered_at: Default::default(),
            heard_at: Default::default(),
        }
    }
}
