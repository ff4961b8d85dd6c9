//! Where a store can be: what the cases need to know about each kind.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use diesel::Connection;
use diesel::connection::SimpleConnection;
use podling::store::{Batch, Error, Location, Memory, Snapshot, Store, open};

use crate::support::postgres::Postgres;

/// Where a store is.
pub trait Place {
    /// A place where nothing is stored yet.
    fn empty() -> Self;

    /// Opens the store there, as a master does when it starts.
    async fn open(&self) -> Result<Arc<dyn Store>, Error>;

    /// Takes the lock from the store's holder without its noticing, as a broken network or a
    /// helpful administrator does.
    fn break_lock(&self);
}

/// A place that understands SQL.
pub trait Database: Place {
    /// Runs SQL beside the store.
    fn sql(&self, sql: &str);

    /// What the place is called in errors.
    fn name(&self) -> String;
}

/// In memory.
pub struct InMemory(Mutex<Option<Arc<Memory>>>);

impl Place for InMemory {
    fn empty() -> Self {
        Self(Mutex::new(None))
    }

    async fn open(&self) -> Result<Arc<dyn Store>, Error> {
        let mut last = self.0.lock().unwrap();
        let next = last.as_ref().map_or_else(Memory::new, |last| last.reopen());
        let next = Arc::new(next);
        *last = Some(next.clone());
        Ok(next)
    }

    fn break_lock(&self) {}
}

/// A data directory.
pub struct InDirectory(tempfile::TempDir);

impl InDirectory {
    pub fn data_dir(&self) -> PathBuf {
        self.0.path().join("data")
    }

    pub fn file(&self) -> PathBuf {
        self.data_dir().join("podling.db")
    }
}

impl Place for InDirectory {
    fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> Result<Arc<dyn Store>, Error> {
        open(&Location::Sqlite {
            data_dir: self.data_dir(),
        })
        .await
    }

    fn break_lock(&self) {
        std::fs::remove_file(self.data_dir().join("podling.lock")).unwrap();
    }
}

impl Database for InDirectory {
    fn sql(&self, sql: &str) {
        let file = self.file();
        let mut connection = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        connection.batch_execute(sql).unwrap();
    }

    fn name(&self) -> String {
        self.file().display().to_string()
    }
}

/// A database of a PostgreSQL server.
pub struct OnServer {
    pub server: Postgres,
    pub url: String,
}

impl OnServer {
    pub fn on(server: Postgres) -> Self {
        let url = server.new_database();
        Self { server, url }
    }

    pub fn database(&self) -> &str {
        self.url.rsplit_once('/').unwrap().1
    }
}

impl Place for OnServer {
    fn empty() -> Self {
        Self::on(Postgres::shared())
    }

    async fn open(&self) -> Result<Arc<dyn Store>, Error> {
        open(&Location::Postgres {
            url: self.url.clone(),
        })
        .await
    }

    fn break_lock(&self) {
        let database = self.database();
        self.server.sql(
            "postgres",
            &format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
            ),
        );
    }
}

impl Database for OnServer {
    fn sql(&self, sql: &str) {
        self.server.sql(self.database(), sql);
    }

    fn name(&self) -> String {
        self.database().to_owned()
    }
}

/// A batch of these tasks and nodes.
pub fn batch(
    tasks: impl IntoIterator<Item = podling::core::Task>,
    nodes: impl IntoIterator<Item = podling::core::Node>,
) -> Batch {
    Batch {
        put_tasks: tasks.into_iter().map(Arc::new).collect(),
        put_nodes: nodes.into_iter().map(Arc::new).collect(),
        ..Batch::default()
    }
}

/// Everything that is stored, in a form that can be compared.
pub async fn stored(store: &Arc<dyn Store>) -> Stored {
    store.load().await.unwrap().into()
}

/// A snapshot that can be compared.
#[derive(Debug, PartialEq)]
pub struct Stored {
    pub tasks: Vec<podling::core::Task>,
    pub nodes: Vec<podling::core::Node>,
    pub brake: Option<podling::core::Brake>,
    pub last_event: u64,
}

impl From<Snapshot> for Stored {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            tasks: snapshot.tasks.iter().map(|task| (**task).clone()).collect(),
            nodes: snapshot.nodes.iter().map(|node| (**node).clone()).collect(),
            brake: snapshot.brake,
            last_event: snapshot.last_event,
        }
    }
}

/// Makes a test of each case, on one kind of place.
macro_rules! tests {
    ($store:ident, $place:ident: $($case:ident)*) => {
        mod $store {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case::<crate::places::$place>().await;
                }
            )*
        }
    };
}
pub(crate) use tests;
