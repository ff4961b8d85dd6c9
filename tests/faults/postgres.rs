//! PostgreSQL is restarted, killed, cut off, frozen, slow or away for good, while clients submit and a container runs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::docker::IMAGE;
use crate::support::http::{Answer, send};
use crate::support::postgres::Postgres;

const CLIENTS: usize = 16;

/// A cluster on a server of its own, with one container that must not notice anything.
struct OnServer {
    cluster: Cluster,
    server: Postgres,
    database: String,
    running: String,
    container: String,
}

impl OnServer {
    fn start(settings: &[(&str, &str)]) -> Self {
        let server = Postgres::start();
        let url = server.new_database();
        let database = url.rsplit_once('/').unwrap().1.to_owned();
        let mut all = vec![("STORE_TYPE", "postgres"), ("DATABASE_URL", &*url)];
        all.extend(settings);
        let mut cluster = Cluster::start_on(&all);
        cluster.start_worker("a", &["--capacity", "1"]);
        let running = cluster.run(&["runs", "--image", IMAGE, "--", "sleep", "600"]);
        let task = cluster.until_status(&running, "running");
        Self {
            container: task["containerId"].as_str().unwrap().to_owned(),
            cluster,
            server,
            database,
            running,
        }
    }

    fn get(&self, path: &str) -> Answer {
        send(&self.cluster.url(), "GET", path, None, &Value::Null).expect("an answer")
    }

    fn until_ready(&self, ready: bool) {
        let what = if ready {
            "ready"
        } else {
            "not ready, for its store"
        };
        self.cluster
            .until(&format!("the master to be {what}"), |_| {
                let answer = self.get("/ready");
                let missing = answer.body["missing"].to_string();
                match answer.status {
                    200 => ready,
                    _ => !ready && missing.contains("store: ") && answer.retry_after.is_some(),
                }
            });
    }

    /// Clients submit, each again and again until it is acknowledged, while `fault` goes on and
    /// until all of them were acknowledged something after it.
    fn under_load(&self, fault: impl FnOnce(&Load)) -> Load {
        let load = Load::default();
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (load, url) = (&load, self.cluster.url());
                scope.spawn(move || load.submit(&url, client));
            }
            let stop = StopLoad(&load);
            load.until_more(CLIENTS);
            fault(&load);
            load.until_more(2 * CLIENTS);
            drop(stop);
        });
        load
    }

    /// Every acknowledged task is there, as it was told, once; nothing else is; the container runs
    /// on. The same when the master is killed and started again: it was in the store.
    fn nothing_is_lost(mut self, load: &Load) {
        let acknowledged = load.acknowledged.lock().unwrap().clone();
        for _ in 0..2 {
            let tasks = self.get("/api/v1/tasks").body;
            let tasks = tasks.as_array().unwrap().iter();
            let mut found: BTreeMap<String, String> = BTreeMap::new();
            for task in tasks.filter(|task| task["taskId"] != *self.running) {
                let text = |key: &str| task[key].as_str().unwrap().to_owned();
                let twice = found.insert(text("name"), text("taskId"));
                assert_eq!(twice, None, "{task:#}");
            }
            assert_eq!(found, acknowledged);
            let task = self.cluster.until_status(&self.running, "running");
            assert_eq!(task["containerId"], *self.container);
            assert_eq!(task["attempt"], 1);
            assert_eq!(task["restartCount"], 0);
            self.cluster.kill_master();
            self.cluster.start_master();
        }
        assert_eq!(self.cluster.containers(&[]), [self.container]);
    }
}

/// What clients submitted and were told.
#[derive(Default)]
struct Load {
    over: AtomicBool,
    answered: AtomicUsize,
    refused: AtomicUsize,
    slowest_ms: AtomicUsize,
    /// Name and id.
    acknowledged: std::sync::Mutex<BTreeMap<String, String>>,
}

/// Ends the load also when an assertion fails.
struct StopLoad<'a>(&'a Load);

impl Drop for StopLoad<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::SeqCst);
    }
}

impl Load {
    fn submit(&self, url: &str, client: usize) {
        for n in 0.. {
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            let name = format!("c{client}-{n}");
            // The only node has one slot, which is taken: these wait.
            let body = json!({"name": name, "image": IMAGE});
            let id = loop {
                let begun = now();
                let answer = send(url, "POST", "/api/v1/tasks", Some(&name), &body);
                let answer = answer.expect("the master answers");
                let took = begun.elapsed().as_millis() as usize;
                self.slowest_ms.fetch_max(took, Ordering::SeqCst);
                if answer.status == 201 {
                    break answer.body["taskId"].as_str().unwrap().to_owned();
                }
                assert_eq!(answer.status, 503, "{answer:?}");
                assert!(answer.retry_after.is_some(), "{answer:?}");
                self.refused.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(50));
            };
            self.acknowledged.lock().unwrap().insert(name, id);
            self.answered.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Waits until so many more submissions were acknowledged.
    fn until_more(&self, count: usize) {
        let enough = self.answered.load(Ordering::SeqCst) + count;
        self.until("acknowledgements", || {
            self.answered.load(Ordering::SeqCst) >= enough
        });
    }

    /// Waits until somebody was refused since now.
    fn until_refused(&self) {
        let before = self.refused.load(Ordering::SeqCst);
        self.until("a refusal", || self.refused.load(Ordering::SeqCst) > before);
    }

    fn until(&self, what: &str, condition: impl Fn() -> bool) {
        let begun = now();
        while !condition() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "waited a minute for {what}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's deadline")]
fn now() -> Instant {
    Instant::now()
}

/// Requests are answered "outcome unknown" early, so that a test need not wait long for it.
const IMPATIENT: (&str, &str) = ("PODLING_MASTER_COMMIT_TIMEOUT", "500ms");

/// The server goes away, and comes back when somebody was refused and `/ready` has said why.
fn away(take_away: impl FnOnce(&Postgres)) {
    let it = OnServer::start(&[IMPATIENT]);
    let load = it.under_load(|load| {
        take_away(&it.server);
        load.until_refused();
        it.until_ready(false);
        let read = it.get(&format!("/api/v1/tasks/{}", it.running));
        assert_eq!(
            (read.status, &read.body["status"]),
            (200, &json!("running"))
        );
        it.server.restart();
        it.until_ready(true);
    });
    it.nothing_is_lost(&load);
}

#[test]
fn a_restarted_server_loses_nothing_and_is_found_again() {
    away(Postgres::shut_down);
}

#[test]
fn a_killed_server_loses_nothing_and_is_found_again() {
    away(Postgres::kill_all);
}

#[test]
fn connections_that_are_cut_one_by_one_lose_nothing() {
    let it = OnServer::start(&[]);
    let of_it = format!("FROM pg_stat_activity WHERE datname = '{}'", it.database);
    let cut = format!("SELECT count(pg_terminate_backend(pid)) {of_it}");
    let load = it.under_load(|load| {
        let mut cuts = 0;
        while cuts < 40 {
            cuts += it.server.sql("postgres", &cut).parse::<usize>().unwrap();
            load.until_more(1);
        }
    });
    it.nothing_is_lost(&load);
}

#[test]
fn a_frozen_server_loses_nothing_and_is_waited_for() {
    let it = OnServer::start(&[IMPATIENT]);
    let load = it.under_load(|load| {
        let frozen = it.server.freeze();
        load.until_refused();
        it.until_ready(false);
        drop(frozen);
        it.until_ready(true);
    });
    it.nothing_is_lost(&load);
}

/// Each commit that writes a task takes two seconds.
const SLOW: &str = "
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF NEW.name = ''last_event'' THEN PERFORM pg_sleep(2); END IF; RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT OR UPDATE ON meta
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()";

#[test]
fn a_slow_server_is_waited_for_and_nobody_is_refused() {
    let it = OnServer::start(&[]);
    let load = it.under_load(|load| {
        it.server.sql(&it.database, SLOW);
        load.until_more(3 * CLIENTS);
        assert_eq!(it.get("/ready").status, 200);
        it.server.sql(&it.database, "DROP TRIGGER slow ON meta");
    });
    assert_eq!(load.refused.load(Ordering::SeqCst), 0);
    // The rest of one commit and the next, of 2 s each; besides, the trigger is made and dropped.
    let slowest = load.slowest_ms.load(Ordering::SeqCst);
    assert!(
        (2000..7000).contains(&slowest),
        "the slowest took {slowest} ms"
    );
    it.nothing_is_lost(&load);
}

/// The server stays away (or hangs) for longer than the master waits.
fn given_up(why: &str, take_away: impl FnOnce(&Postgres) -> Box<dyn std::any::Any>) {
    let give_up = ("PODLING_MASTER_STORE_GIVE_UP_AFTER", "3s");
    let mut it = OnServer::start(&[IMPATIENT, give_up]);
    let away = take_away(&it.server);
    let body = json!({"name": "t", "image": IMAGE});
    let answer = send(&it.cluster.url(), "POST", "/api/v1/tasks", Some("t"), &body).unwrap();
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(it.cluster.master_ends(), Some(1));
    let logs = it.cluster.all_logs();
    for part in ["the store has failed for 3 s, giving up", why] {
        assert!(logs.contains(part), "{part:?} is missing: {logs}");
    }
    drop(away);
    it.server.shut_down();
    it.server.restart();
    it.cluster.start_master();
    // It was never acknowledged: it may be there, once, or not. Asked for again, it is.
    let answer = send(&it.cluster.url(), "POST", "/api/v1/tasks", Some("t"), &body).unwrap();
    assert_eq!(answer.status, 201, "{answer:?}");
    let load = Load::default();
    let id = answer.body["taskId"].as_str().unwrap().to_owned();
    load.acknowledged.lock().unwrap().insert("t".into(), id);
    it.nothing_is_lost(&load);
}

#[test]
fn a_server_away_for_too_long_ends_the_master_with_the_reason_and_no_container() {
    given_up("Connection refused", |server| {
        server.kill_all();
        Box::new(())
    });
}

#[test]
fn a_server_that_hangs_for_too_long_ends_the_master_with_the_reason_and_no_container() {
    given_up("a commit has taken more than", |server| {
        Box::new(server.freeze())
    });
}

#[test]
fn a_server_that_hangs_holds_up_no_shutdown() {
    let mut it = OnServer::start(&[IMPATIENT, ("PODLING_MASTER_SHUTDOWN_TIMEOUT", "2s")]);
    let frozen = it.server.freeze();
    let body = json!({"name": "t", "image": IMAGE});
    let answer = send(&it.cluster.url(), "POST", "/api/v1/tasks", Some("t"), &body).unwrap();
    assert_eq!(answer.status, 503, "{answer:?}");
    let told = now();
    assert_eq!(it.cluster.terminate_master(), Some(1));
    let took = told.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    let logs = it.cluster.all_logs();
    let why = "the last changes could not be stored within 2 s, and none of them was acknowledged";
    assert!(logs.contains(why), "{logs}");
    drop(frozen);
    it.cluster.start_master();
    it.nothing_is_lost(&Load::default());
}
