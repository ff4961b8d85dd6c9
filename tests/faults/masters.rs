//! Two masters on one store: exactly one serves, and one that was replaced writes nothing more.

use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::cluster::{Cluster, free_port};
use crate::support::http::send;
use crate::support::postgres::Postgres;
use crate::support::process::tied;

/// A master of the same store, on another port.
fn second_master(cluster: &Cluster, url: Option<&str>, port: u16) -> Command {
    let mut command = tied(cluster.podling());
    command.args(["master", "--bind", &format!("127.0.0.1:{port}")]);
    match url {
        Some(url) => command.args(["--store", "postgres", "--database-url", url]),
        None => command
            .args(["--store", "sqlite", "--data-dir"])
            .arg(cluster.data_dir()),
    };
    command.stdin(Stdio::null());
    command
}

fn on_postgres(server: &Postgres) -> (Cluster, String) {
    let url = server.new_database();
    let settings = [("STORE_TYPE", "postgres"), ("DATABASE_URL", &url)];
    (Cluster::start_on(&settings), url)
}

fn names(url: &str) -> Vec<String> {
    let answer = send(url, "GET", "/api/v1/tasks", None, &Value::Null).expect("an answer");
    let tasks = answer.body.as_array().expect("a list").iter();
    tasks
        .map(|task| task["name"].as_str().unwrap().to_owned())
        .collect()
}

fn submit(url: &str, name: &str) -> Option<u16> {
    let task = json!({"name": name, "image": "busybox"});
    send(url, "POST", "/api/v1/tasks", Some(name), &task).map(|answer| answer.status)
}

/// The first serves on; the second says who has the store, and ends with 1.
fn exactly_one_serves(cluster: &Cluster, url: Option<&str>, what: &str) {
    assert_eq!(submit(&cluster.url(), "before"), Some(201));
    let second = second_master(cluster, url, free_port()).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{said}");
    let last = said.lines().last().unwrap_or_default();
    let holder = cluster.master_pid().to_string();
    for part in ["error: ", what, "is held by another master", &holder] {
        assert!(last.contains(part), "{part:?} is missing: {last}");
    }
    assert_eq!(submit(&cluster.url(), "after"), Some(201));
    assert_eq!(names(&cluster.url()), ["before", "after"]);
}

#[test]
fn a_second_master_on_one_data_directory_says_who_holds_it_and_ends() {
    let cluster = Cluster::start();
    let directory = cluster.data_dir().canonicalize().unwrap();
    exactly_one_serves(&cluster, None, directory.to_str().unwrap());
}

#[test]
fn a_second_master_on_one_database_says_who_holds_it_and_ends() {
    let server = Postgres::shared();
    let (cluster, url) = on_postgres(&server);
    let database = url.rsplit_once('/').unwrap().1.to_owned();
    exactly_one_serves(&cluster, Some(&url), &database);
}

/// A master that lost its lock unnoticed, while it was stopped, and is replaced meanwhile. What it
/// was asked while stopped is not acknowledged and never written, and it ends with 1.
fn a_replaced_master_writes_nothing(
    mut cluster: Cluster,
    url: Option<&str>,
    lose_lock: impl FnOnce(&Cluster),
) {
    assert_eq!(submit(&cluster.url(), "before"), Some(201));
    cluster.signal_master(Signal::SIGSTOP);
    let asked: Vec<_> = (0..8)
        .map(|n| {
            let url = cluster.url();
            std::thread::spawn(move || submit(&url, &format!("stale-{n}")))
        })
        .collect();
    lose_lock(&cluster);
    let port = free_port();
    let mut second = Running(second_master(&cluster, url, port).spawn().unwrap());
    let second_url = format!("http://127.0.0.1:{port}");
    cluster.until("the second master to serve", |_| {
        submit(&second_url, "of-the-second") == Some(201)
    });

    cluster.signal_master(Signal::SIGCONT);
    assert_eq!(cluster.master_ends(), Some(1), "{}", cluster.all_logs());
    let logs = cluster.all_logs();
    assert!(
        logs.contains("another master took over this store"),
        "{logs}"
    );
    for asked in asked {
        let answer = asked.join().unwrap();
        assert!(
            matches!(answer, None | Some(503)),
            "acknowledged: {answer:?}"
        );
    }
    let expected = ["before", "of-the-second"];
    assert_eq!(names(&second_url), expected);
    // Nor is it in the store: the next master shows what is.
    second.end();
    let mut third = Running(second_master(&cluster, url, port).spawn().unwrap());
    cluster.until("the third master to serve", |_| {
        send(&second_url, "GET", "/ready", None, &Value::Null).is_some_and(|a| a.status == 200)
    });
    assert_eq!(names(&second_url), expected);
    third.end();
}

#[test]
fn a_master_whose_lock_file_was_deleted_and_that_was_replaced_writes_nothing_more() {
    a_replaced_master_writes_nothing(Cluster::start(), None, |cluster| {
        std::fs::remove_file(cluster.data_dir().join("podling.lock")).unwrap();
    });
}

#[test]
fn a_master_whose_session_was_ended_and_that_was_replaced_writes_nothing_more() {
    let server = Postgres::shared();
    let (cluster, url) = on_postgres(&server);
    let database = url.rsplit_once('/').unwrap().1.to_owned();
    a_replaced_master_writes_nothing(cluster, Some(&url), |_| {
        let of_it = format!("FROM pg_stat_activity WHERE datname = '{database}'");
        let end = format!("SELECT pg_terminate_backend(pid) {of_it}");
        server.sql("postgres", &end);
    });
}

/// A master beside the cluster's, killed when it is dropped.
struct Running(std::process::Child);

impl Running {
    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
