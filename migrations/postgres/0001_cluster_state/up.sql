-- The cluster's state: one row per task and node, whole records, written by one master only.
--
-- Only what both SQLite and PostgreSQL have: TEXT (ids, words, JSON), BIGINT (numbers, milliseconds
-- since 1970 in UTC). Columns that end in `_json` hold what podling reads as a whole. There are no
-- indexes but the keys: everything is read once, at start, and then served from memory.

CREATE TABLE tasks (
    id                      TEXT   NOT NULL PRIMARY KEY,
    sequence                BIGINT NOT NULL,
    status                  TEXT   NOT NULL,
    reason                  TEXT   NOT NULL,
    attempt                 BIGINT NOT NULL,
    placement               BIGINT NOT NULL,
    node_id                 TEXT,
    container_id            TEXT,
    exit_code               BIGINT,
    error                   TEXT,
    restart_count           BIGINT NOT NULL,
    health                  TEXT,
    created_at_ms           BIGINT NOT NULL,
    scheduled_at_ms         BIGINT,
    started_at_ms           BIGINT,
    finished_at_ms          BIGINT,
    idempotency_key         TEXT,
    idempotency_fingerprint BIGINT,
    spec_json               TEXT   NOT NULL,
    desired_json            TEXT   NOT NULL,
    history_json            TEXT   NOT NULL
);

CREATE TABLE nodes (
    id                    TEXT   NOT NULL PRIMARY KEY,
    hostname              TEXT   NOT NULL,
    port                  BIGINT NOT NULL,
    availability          TEXT   NOT NULL,
    offline_reason        TEXT   NOT NULL,
    degraded              TEXT,
    unreachable           TEXT,
    drain_json            TEXT,
    capacity_json         TEXT   NOT NULL,
    labels_json           TEXT   NOT NULL,
    engine_json           TEXT,
    version               TEXT,
    heartbeat_interval_ms BIGINT NOT NULL,
    registered_at_ms      BIGINT NOT NULL,
    heard_at_ms           BIGINT NOT NULL
);

-- epoch: raised by each master that starts; a master whose epoch is not the one here has been
-- replaced and must not write. last_event: the sequence number of the last committed event.
-- brake: JSON, null when it is not engaged.
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

INSERT INTO meta (name, value) VALUES ('epoch', '0'), ('last_event', '0'), ('brake', 'null');
