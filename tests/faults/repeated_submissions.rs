//! A client that gets no answer sends its submission again, with the same `Idempotency-Key`.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::docker::IMAGE;
use crate::support::postgres::Postgres;

const CLIENTS: usize = 10;
const KEYS: usize = 5;

/// Status and body; none when there was no complete answer.
fn submit(port: u16, key: &str, name: &str) -> Option<(u16, Value)> {
    let agent = ureq::Agent::config_builder().http_status_as_error(false);
    let agent: ureq::Agent = agent
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    let request = agent.post(format!("http://127.0.0.1:{port}/api/v1/tasks"));
    let request = request.header("Idempotency-Key", key);
    let mut answer = request
        .send_json(json!({"name": name, "image": IMAGE}))
        .ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.body_mut().read_json().ok()?))
}

/// Sends it until there is an answer that is one; the task's id.
fn submit_until_answered(port: u16, key: &str) -> String {
    for _ in 0..3000 {
        match submit(port, key, key) {
            Some((201, task)) => return task["taskId"].as_str().unwrap().to_owned(),
            // Not there, or not sure: both mean "again".
            None | Some((503, _)) => std::thread::sleep(Duration::from_millis(10)),
            Some((status, answer)) => panic!("{status} {answer}"),
        }
    }
    panic!("no answer in half a minute")
}

fn repeated_over_a_kill(store: &[(&str, &str)]) {
    let mut cluster = Cluster::start_on(store);
    let port = cluster.port;
    for number in 0..KEYS {
        let key = format!("key-{number}");
        let ids: BTreeSet<String> = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| scope.spawn(|| submit_until_answered(port, &key)))
                .collect();
            // In the middle of it; each time at another moment.
            std::thread::sleep(Duration::from_millis(2 + 3 * number as u64));
            cluster.kill_master();
            cluster.start_master();
            clients
                .into_iter()
                .map(|client| client.join().unwrap())
                .collect()
        });
        assert_eq!(ids.len(), 1, "one task, whoever asked: {ids:?}");
        // And one after another, after yet another restart.
        cluster.kill_master();
        cluster.start_master();
        for _ in 0..CLIENTS {
            assert!(ids.contains(&submit_until_answered(port, &key)));
        }
        let (status, answer) = submit(port, &key, "another").unwrap();
        assert_eq!(status, 409, "{answer}");
        assert_eq!(answer["code"], "idempotency_key_reused");
    }
    let names: Vec<_> = cluster
        .tasks()
        .iter()
        .map(|task| task["name"].clone())
        .collect();
    let keys: Vec<_> = (0..KEYS).map(|number| format!("key-{number}")).collect();
    assert_eq!(names, keys, "each once, in the order of their making");
}

#[test]
fn sqlite_a_submission_sent_ten_times_over_a_kill_is_one_task() {
    repeated_over_a_kill(&[("PODLING_MASTER_STORE", "sqlite")]);
}

#[test]
fn postgres_a_submission_sent_ten_times_over_a_kill_is_one_task() {
    let postgres = Postgres::shared();
    let url = postgres.new_database();
    repeated_over_a_kill(&[("PODLING_MASTER_STORE", "postgres"), ("DATABASE_URL", &url)]);
}
