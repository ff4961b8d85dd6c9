//! The statements that write rows: one text for both databases.
//!
//! Macros, because the type of a diesel statement names its database and its values; written out
//! as generic functions they would need a page of bounds. A row is written whole: what is there
//! under its key is replaced.

/// Sets every named column to the value that was to be inserted.
macro_rules! all_of {
    ($table:ident: $($column:ident),* $(,)?) => {
        ($($table::$column.eq(diesel::upsert::excluded($table::$column)),)*)
    };
}

/// Inserts tasks, or replaces those that are there.
macro_rules! upsert_tasks {
    ($rows:expr) => {{
        use crate::store::schema::tasks;
        diesel::insert_into(tasks::table)
            .values($rows)
            .on_conflict(tasks::id)
            .do_update()
            .set(crate::store::upsert::all_of!(tasks:
                sequence, status, reason, attempt, placement, node_id, container_id, exit_code,
                error, restart_count, health, created_at_ms, scheduled_at_ms, started_at_ms,
                finished_at_ms, idempotency_key, idempotency_fingerprint, spec_json, desired_json,
                history_json,
            ))
    }};
}

/// Inserts nodes, or replaces those that are there.
macro_rules! upsert_nodes {
    ($rows:expr) => {{
        use crate::store::schema::nodes;
        diesel::insert_into(nodes::table)
            .values($rows)
            .on_conflict(nodes::id)
            .do_update()
            .set(crate::store::upsert::all_of!(nodes:
                hostname, port, availability, offline_reason, degraded, unreachable, drain_json,
                capacity_json, labels_json, engine_json, version, heartbeat_interval_ms,
                registered_at_ms, heard_at_ms,
            ))
    }};
}

/// Inserts values by name, or replaces those that are there.
macro_rules! upsert_meta {
    ($rows:expr) => {{
        use crate::store::schema::meta;
        diesel::insert_into(meta::table)
            .values($rows)
            .on_conflict(meta::name)
            .do_update()
            .set(crate::store::upsert::all_of!(meta: value))
    }};
}

pub(super) use {all_of, upsert_meta, upsert_nodes, upsert_tasks};
