//! The tables, for both SQLite and PostgreSQL: what `diesel print-schema` says of either
//! migration tree.

diesel::table! {
    tasks (id) {
        id -> Text,
        sequence -> BigInt,
        status -> Text,
        reason -> Text,
        attempt -> BigInt,
        placement -> BigInt,
        node_id -> Nullable<Text>,
        container_id -> Nullable<Text>,
        exit_code -> Nullable<BigInt>,
        error -> Nullable<Text>,
        restart_count -> BigInt,
        health -> Nullable<Text>,
        created_at_ms -> BigInt,
        scheduled_at_ms -> Nullable<BigInt>,
        started_at_ms -> Nullable<BigInt>,
        finished_at_ms -> Nullable<BigInt>,
        idempotency_key -> Nullable<Text>,
        idempotency_fingerprint -> Nullable<BigInt>,
        spec_json -> Text,
        desired_json -> Text,
        history_json -> Text,
    }
}

diesel::table! {
    nodes (id) {
        id -> Text,
        hostname -> Text,
        port -> BigInt,
        availability -> Text,
        offline_reason -> Text,
        degraded -> Nullable<Text>,
        unreachable -> Nullable<Text>,
        drain_json -> Nullable<Text>,
        capacity_json -> Text,
        labels_json -> Text,
        engine_json -> Nullable<Text>,
        version -> Nullable<Text>,
        heartbeat_interval_ms -> BigInt,
        registered_at_ms -> BigInt,
        heard_at_ms -> BigInt,
    }
}

diesel::table! {
    meta (name) {
        name -> Text,
        value -> Text,
    }
}
