//! One master per database (and schema): an advisory lock of the session.
//!
//! It lives and dies with the server's side of the connection. So who has it also knows that no
//! older connection of its own is left over there with a transaction that might still commit.

use diesel::QueryableByName;
use diesel::sql_types::{Bool, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::store::error::Failure;

/// The lock's two numbers: podling's own (its name in ASCII), and one for the schema, so that two
/// podlings can live in two schemas of one database.
const TRY_LOCK: &str = "SELECT pg_try_advisory_lock(1886351460, hashtext(current_schema())) AS yes";

/// Sessions that hold the lock.
const HOLDERS: &str = "
    SELECT a.pid, a.application_name, host(a.client_addr) AS address
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.classid = 1886351460
      AND l.objid::bigint = hashtext(current_schema())::bigint & 4294967295";

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Nullable<Bool>)]
    yes: Option<bool>,
}

/// A session that holds the lock.
#[derive(Debug, QueryableByName)]
pub struct Holder {
    /// Its process on the server.
    #[diesel(sql_type = Integer)]
    pub pid: i32,
    #[diesel(sql_type = Nullable<Text>)]
    application_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    address: Option<String>,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let application = self.application_name.as_deref().unwrap_or_default();
        let address = self.address.as_deref().unwrap_or("a local socket");
        write!(
            f,
            "{application:?} from {address}, server process {}",
            self.pid
        )
    }
}

/// Takes the lock if nobody has it.
pub async fn try_lock(connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
    let answer: Answer = diesel::sql_query(TRY_LOCK).get_result(connection).await?;
    // Null: there is no current schema. The migrations say so better.
    Ok(answer.yes.unwrap_or(true))
}

/// Who has it.
pub async fn holder(connection: &mut AsyncPgConnection) -> Result<Option<Holder>, Failure> {
    let holders: Vec<Holder> = diesel::sql_query(HOLDERS).get_results(connection).await?;
    Ok(holders.into_iter().next())
}

/// Ends a session of ours that was left over on the server.
pub async fn terminate(connection: &mut AsyncPgConnection, pid: i32) -> Result<(), Failure> {
    let statement = diesel::sql_query("SELECT pg_terminate_backend($1) AS yes");
    let _: Answer = statement
        .bind::<Integer, _>(pid)
        .get_result(connection)
        .await?;
    Ok(())
}
