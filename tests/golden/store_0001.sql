-- Rows as the first release writes them. Never changed: later releases have to read them.
INSERT INTO tasks (id, sequence, status, reason, attempt, placement, node_id, container_id, exit_code, error,
    restart_count, health, created_at_ms, scheduled_at_ms, started_at_ms, finished_at_ms,
    idempotency_key, idempotency_fingerprint, spec_json, desired_json, history_json)
VALUES ('20251123101500-k3j9x0ab', 7, 'failed', 'exit code 137', 2, 9, 'worker-1', '4f1c0ffee', 137, 'killed: out of memory␀0',
    3, 'unhealthy', 1763892900000, 1763892901000, 1763892902000, 1763892903000,
    'deploy-42', -2,
    '{"name":"web","image":"nginx:1.27","command":["nginx"],"args":["-g","daemon off;"],"env":{"PORT":"8080"},"labels":{"tier":"front"},"ports":[{"name":"http","container_port":80,"host_port":8080,"host_ip":"127.0.0.1","protocol":"tcp"},{"container_port":53,"protocol":"udp"}],"requests":{"cpu_millicores":500,"memory_bytes":268435456},"limits":{"cpu_millicores":1000,"memory_bytes":536870912},"restart_policy":"on_failure","pull_policy":"always","max_attempts":5}',
    '{"want":"stop","grace_seconds":10}',
    '[{"sequence":7,"at":1763892900000,"kind":"taskSubmitted","task":"20251123101500-k3j9x0ab","attempt":0,"message":"submitted"},{"sequence":9,"at":1763892901000,"kind":"taskScheduled","task":"20251123101500-k3j9x0ab","node":"worker-1","attempt":2,"message":"placed on worker-1"}]');
INSERT INTO tasks (id, sequence, status, reason, attempt, placement, restart_count, created_at_ms, spec_json, desired_json, history_json)
VALUES ('20251123101501-a0000000', 12, 'pending', '1 node: draining', 0, 0, 0, 1763892901000,
    '{"name":"job","image":"busybox","requests":{"cpu_millicores":0,"memory_bytes":0},"limits":{},"restart_policy":"never","pull_policy":"missing"}',
    '{"want":"run"}', '[]');
INSERT INTO nodes (id, hostname, port, availability, offline_reason, degraded, unreachable, drain_json, capacity_json, labels_json,
    engine_json, version, heartbeat_interval_ms, registered_at_ms, heard_at_ms)
VALUES ('worker-1', '10.0.0.7', 8081, 'offline', 'not heard for 15 s', 'docker does not answer', 'no probe answered',
    '{"deadline":1763896500000}', '{"slots":10,"cpu_millicores":4000,"memory_bytes":8589934592}', '{"zone":"a"}',
    '{"name":"docker","version":"20.10.24","os":"linux","arch":"x86_64"}', '0.1.0', 30000, 1763892800000, 1763892899000);
INSERT INTO nodes (id, hostname, port, availability, offline_reason, capacity_json, labels_json, heartbeat_interval_ms, registered_at_ms, heard_at_ms)
VALUES ('worker-2', 'localhost', 8082, 'online', '', '{}', '{}', 30000, 1763892800000, 1763892899000);
UPDATE meta SET value = '14' WHERE name = 'last_event';
UPDATE meta SET value = '{"engaged_at":1763892899500,"nodes":["worker-1"]}' WHERE name = 'brake';
