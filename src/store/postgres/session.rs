//! One connection to the server: how it is opened, read and written.

use std::time::Duration;

use diesel::prelude::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, QueryableByName,
};
use diesel::sql_types::{Integer, Text};
use diesel_async::SimpleAsyncConnection;
use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl};
use futures_util::TryStreamExt;
use tokio_postgres::error::SqlState;

use super::target::{Target, chain};
use crate::store::error::Failure;
use crate::store::rows::{
    BatchRows, MetaRow, NodeRow, SnapshotRows, TaskRow, read_epoch, rows_per_statement,
};
use crate::store::schema::{meta, nodes, tasks};
use crate::store::upsert::upsert;
use crate::store::{Error, Snapshot, migrations};

/// A connection is made in so long or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The server gives up by itself before the caller does, and notices a master's machine that
/// vanished (and lets go of its locks) in half a minute instead of two hours.
const SETTINGS: &str = "
    SET statement_timeout = '20s';
    SET lock_timeout = '15s';
    SET idle_in_transaction_session_timeout = '30s';
    SET tcp_keepalives_idle = 10;
    SET tcp_keepalives_interval = 5;
    SET tcp_keepalives_count = 4;
";

/// A connection.
pub struct Session {
    /// The server's process for it.
    pub pid: i32,
    pub(super) connection: AsyncPgConnection,
}

#[derive(QueryableByName)]
struct Server {
    #[diesel(sql_type = Integer)]
    pid: i32,
    #[diesel(sql_type = Text)]
    encoding: String,
    #[diesel(sql_type = Text)]
    fsync: String,
    #[diesel(sql_type = Text)]
    synchronous_commit: String,
}

const SERVER: &str = "
    SELECT pg_backend_pid() AS pid, current_setting('server_encoding') AS encoding,
        current_setting('fsync') AS fsync,
        current_setting('synchronous_commit') AS synchronous_commit";

impl Session {
    /// Connects and makes the settings everything else relies on.
    pub async fn connect(target: &Target) -> Result<Self, Error> {
        match tokio::time::timeout(CONNECT_TIMEOUT, Self::try_connect(target)).await {
            Ok(result) => result,
            Err(_) => Err(Error::Unavailable(format!(
                "{}: no connection within {} s",
                target.name,
                CONNECT_TIMEOUT.as_secs()
            ))),
        }
    }

    async fn try_connect(target: &Target) -> Result<Self, Error> {
        let (client, connection) = target
            .config
            .connect(target.tls.clone())
            .await
            .map_err(|error| refusal(&target.name, &error))?;
        let unavailable = |error: &dyn std::error::Error| {
            Error::Unavailable(format!("{}: {}", target.name, chain(error)))
        };
        let mut connection = AsyncPgConnection::try_from_client_and_connection(client, connection)
            .await
            .map_err(|error| unavailable(&error))?;
        let server = Self::set_up(&mut connection)
            .await
            .map_err(|error| unavailable(&error))?;
        if !matches!(server.encoding.as_str(), "UTF8" | "SQL_ASCII") {
            let why = format!(
                "the database's encoding is {}: make one with ENCODING 'UTF8'",
                server.encoding
            );
            return Err(Error::unusable(&target.name, why));
        }
        if server.fsync != "on" {
            log::warn!(
                "{}: the server has fsync = {}; a crash of its machine loses what was acknowledged",
                target.name,
                server.fsync
            );
        }
        Ok(Self {
            pid: server.pid,
            connection,
        })
    }

    async fn set_up(connection: &mut AsyncPgConnection) -> QueryResult<Server> {
        connection.batch_execute(SETTINGS).await?;
        let server: Server = diesel::sql_query(SERVER).get_result(connection).await?;
        // Acknowledged means durable, whatever the server's default. Stronger settings stay.
        if server.synchronous_commit == "off" {
            connection
                .batch_execute("SET synchronous_commit = on")
                .await?;
        }
        Ok(server)
    }

    /// Makes or updates the tables. On a thread for blocking work: diesel's migrations are
    /// synchronous and would need a runtime of several threads otherwise.
    pub async fn migrate(self, name: &str) -> Result<Self, Error> {
        let Self { pid, connection } = self;
        let work = tokio::task::spawn_blocking(move || {
            let mut harness = AsyncMigrationHarness::new(connection);
            migrations::run(&mut harness, migrations::POSTGRES).map(|()| harness.into_inner())
        });
        match work.await {
            Ok(Ok(connection)) => Ok(Self { pid, connection }),
            Ok(Err(why)) => Err(Error::unusable(name, why)),
            Err(error) => Err(Error::Unavailable(format!("{name}: {error}"))),
        }
    }

    /// Raises the epoch: whoever had this database before is fenced from now on.
    pub async fn raise_epoch(&mut self) -> Result<i64, Failure> {
        self.connection
            .transaction(async |connection| {
                let epoch = locked_epoch(connection).await? + 1;
                diesel::update(meta::table.find(MetaRow::EPOCH))
                    .set(meta::value.eq(epoch.to_string()))
                    .execute(connection)
                    .await?;
                Ok(epoch)
            })
            .await
    }

    /// Fails when another master has raised the epoch.
    pub async fn check_fence(&mut self, ours: i64) -> Result<(), Failure> {
        compare(epoch(&mut self.connection).await?, ours)
    }

    /// Reads everything, in one transaction.
    pub async fn load(&mut self, ours: i64) -> Result<Snapshot, Failure> {
        self.connection
            .build_transaction()
            .repeatable_read()
            .read_only()
            .run(async |connection| {
                connection
                    .batch_execute("SET LOCAL statement_timeout = 0")
                    .await?;
                compare(epoch(connection).await?, ours)?;
                let mut snapshot = SnapshotRows::default();
                let mut rows = tasks::table.load_stream::<TaskRow>(connection).await?;
                while let Some(row) = rows.try_next().await? {
                    snapshot.task(row)?;
                }
                let mut rows = nodes::table.load_stream::<NodeRow>(connection).await?;
                while let Some(row) = rows.try_next().await? {
                    snapshot.node(row)?;
                }
                Ok(snapshot.finish(meta::table.load(connection).await?)?)
            })
            .await
    }

    /// Writes a batch in one transaction. The epoch's row is locked first, so that two
    /// transactions of two masters can't pass each other.
    pub async fn commit(&mut self, ours: i64, rows: &BatchRows) -> Result<(), Failure> {
        if rows.is_empty() {
            return self.check_fence(ours).await;
        }
        self.connection
            .build_transaction()
            .read_committed()
            .run(async |connection| {
                compare(locked_epoch(connection).await?, ours)?;
                for chunk in rows.tasks.chunks(rows_per_statement(TaskRow::COLUMNS)) {
                    upsert(tasks::table, chunk).execute(connection).await?;
                }
                for chunk in rows.removed_tasks.chunks(rows_per_statement(1)) {
                    let gone = tasks::table.filter(tasks::id.eq_any(chunk));
                    diesel::delete(gone).execute(connection).await?;
                }
                for chunk in rows.nodes.chunks(rows_per_statement(NodeRow::COLUMNS)) {
                    upsert(nodes::table, chunk).execute(connection).await?;
                }
                for chunk in rows.removed_nodes.chunks(rows_per_statement(1)) {
                    let gone = nodes::table.filter(nodes::id.eq_any(chunk));
                    diesel::delete(gone).execute(connection).await?;
                }
                for row in &rows.meta {
                    upsert(meta::table, row).execute(connection).await?;
                }
                Ok(())
            })
            .await
    }
}

async fn epoch(connection: &mut AsyncPgConnection) -> Result<i64, Failure> {
    let row = meta::table.find(MetaRow::EPOCH).select(meta::value);
    let value: Option<String> = row.first(connection).await.optional()?;
    Ok(read_epoch(value.as_deref())?)
}

async fn locked_epoch(connection: &mut AsyncPgConnection) -> Result<i64, Failure> {
    let row = meta::table.find(MetaRow::EPOCH).select(meta::value);
    let value: Option<String> = row.for_update().first(connection).await.optional()?;
    Ok(read_epoch(value.as_deref())?)
}

fn compare(found: i64, ours: i64) -> Result<(), Failure> {
    if found == ours {
        Ok(())
    } else {
        Err(Failure::Fenced { found, ours })
    }
}

/// Why there is no connection. A wrong password or a database that is not there does not heal by
/// itself; a server that is not there may.
fn refusal(name: &str, error: &tokio_postgres::Error) -> Error {
    let text = chain(error);
    let wrong = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
        SqlState::INSUFFICIENT_PRIVILEGE,
    ];
    match error.code() {
        Some(code) if wrong.contains(code) => {
            Error::unusable(name, format!("{text}; see DATABASE_URL"))
        }
        _ => Error::Unavailable(format!("{name}: {text}")),
    }
}
