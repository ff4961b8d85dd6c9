//! The statements that write rows: one text for both databases. A row is written whole: what is there under
//! its key is replaced.
//!
//! diesel keeps the insert of one row prepared, but no statement with its own `do_update`, whose text may
//! differ from one time to the next. This one's depends on the table alone, so it is kept like the insert it
//! is made of. (Measured: parsing it was half of what a submission cost a master.)

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, InsertStatement, QueryFragment, QueryId};

use super::schema::{meta, nodes, tasks};

/// An insert that replaces what is there under the key.
#[derive(QueryId)]
pub struct Upsert<Insert>(Insert);

/// Inserts these rows, or replaces those that are there.
pub fn upsert<T, Rows>(table: T, rows: Rows) -> Upsert<InsertStatement<T, Rows::Values>>
where
    T: Table + QueryId + 'static,
    Rows: Insertable<T>,
    InsertStatement<T, Rows::Values>: Sized,
{
    Upsert(diesel::insert_into(table).values(rows))
}

/// A table whose rows are replaced.
pub trait Replaced {
    /// How the statement ends that replaces one.
    const ON_CONFLICT: &'static str;
}

/// Names the key and all other columns.
macro_rules! replaced {
    ($table:ident by $key:ident: $first:ident $(, $column:ident)* $(,)?) => {
        impl Replaced for $table::table {
            const ON_CONFLICT: &'static str = {
                // They exist.
                let _ = ($table::$key, $table::$first $(, $table::$column)*);
                concat!(
                    " ON CONFLICT (", stringify!($key), ") DO UPDATE SET ",
                    stringify!($first), " = excluded.", stringify!($first)
                    $(, ", ", stringify!($column), " = excluded.", stringify!($column))*
                )
            };
        }
    };
}

replaced!(tasks by id:
    sequence, status, reason, attempt, placement, node_id, container_id, exit_code, error, restart_count, health,
    created_at_ms, scheduled_at_ms, started_at_ms, finished_at_ms, idempotency_key, idempotency_fingerprint,
    spec_json, desired_json, history_json,
);
replaced!(nodes by id:
    hostname, port, availability, offline_reason, degraded, unreachable, drain_json, capacity_json, labels_json,
    engine_json, version, heartbeat_interval_ms, registered_at_ms, heard_at_ms,
);
replaced!(meta by name: value);

impl<T, Values, DB> QueryFragment<DB> for Upsert<InsertStatement<T, Values>>
where
    DB: Backend,
    T: Replaced + QuerySource,
    InsertStatement<T, Values>: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass.reborrow())?;
        pass.push_sql(T::ON_CONFLICT);
        Ok(())
    }
}

impl<Insert, Connection> RunQueryDsl<Connection> for Upsert<Insert> {}
