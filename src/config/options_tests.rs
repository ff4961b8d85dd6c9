//! What masters and workers are started with, and what they refuse.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use super::tests::{row, variables, with_environment};
use super::*;
use crate::store::Location;

#[test]
fn store_type_and_database_url_choose_the_store() {
    let url = "postgres://podling:podling123@localhost:5432/podling?sslmode=disable";
    let config = with_environment(&[("STORE_TYPE", "postgres"), ("DATABASE_URL", url)]);
    let store = config.master_options().unwrap().store;
    assert_eq!(store, Location::Postgres { url: url.into() });
    assert_eq!(
        row(&config, "master.database-url"),
        (
            "postgres://podling:***@localhost:5432/podling?sslmode=disable".into(),
            "DATABASE_URL".into()
        )
    );
    let both = [
        ("STORE_TYPE", "postgres"),
        ("PODLING_MASTER_STORE", "memory"),
    ];
    let store = with_environment(&both).master_options().unwrap().store;
    assert_eq!(store, Location::Memory);
}

#[test]
fn a_postgres_store_needs_a_database_url() {
    for wrong in [vec![], vec![("DATABASE_URL", "mysql://u:secret@h/d")]] {
        let mut environment = vec![("STORE_TYPE", "postgres")];
        environment.extend(wrong);
        let error = with_environment(&environment).master_options().unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("is needed for the store \"postgres\""),
            "{text}"
        );
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn an_address_others_can_reach_needs_insecure() {
    let open = [
        ("PODLING_MASTER_BIND", "0.0.0.0:8080"),
        ("PODLING_MASTER_STORE", "memory"),
    ];
    let text = with_environment(&open)
        .master_options()
        .unwrap_err()
        .to_string();
    assert!(text.contains("no authentication"), "{text}");
    assert!(text.contains("--insecure"), "{text}");
    let mut meant = open.to_vec();
    meant.push(("PODLING_MASTER_INSECURE", "true"));
    let master = with_environment(&meant).master_options().unwrap();
    assert_eq!(master.bind.to_string(), "0.0.0.0:8080");

    let open = [
        ("PODLING_WORKER_BIND", "::"),
        ("PODLING_WORKER_NODE_ID", "n"),
    ];
    assert!(with_environment(&open).worker_options().is_err());
    let loopback = [
        ("PODLING_WORKER_BIND", "127.0.0.9"),
        ("PODLING_WORKER_NODE_ID", "n"),
    ];
    assert!(with_environment(&loopback).worker_options().is_ok());
}

#[test]
fn a_worker_needs_an_id_and_says_so() {
    let error = with_environment(&[]).worker_options().unwrap_err();
    assert!(error.to_string().contains("--node-id"), "{error}");
    // One that is not allowed is told once.
    let wrong = with_environment(&[("PODLING_WORKER_NODE_ID", "a b")]);
    assert_eq!(wrong.worker_options().unwrap_err().problems.len(), 1);
}

#[test]
fn a_worker_is_reached_where_it_listens() {
    let at = |bind: &'static str, hostname: &'static str| {
        let worker = with_environment(&[
            ("PODLING_WORKER_NODE_ID", "n"),
            ("PODLING_WORKER_INSECURE", "true"),
            ("PODLING_WORKER_BIND", bind),
            ("PODLING_WORKER_HOSTNAME", hostname),
        ]);
        worker.worker_options().unwrap().hostname
    };
    assert_eq!(at("", ""), "localhost");
    assert_eq!(at("0.0.0.0", ""), "localhost");
    assert_eq!(at("10.1.0.2", ""), "10.1.0.2");
    assert_eq!(at("fd00::2", ""), "fd00::2");
    assert_eq!(at("10.1.0.2", "host-2"), "host-2");
}

#[test]
fn a_health_check_asks_the_master_that_was_named_by_a_flag() {
    let flag = |key, name, value: &str| Flag {
        key,
        name,
        value: Raw::Text(value.into()),
    };
    let master = || flag("master-url", "--master", "http://a");
    let url = |flags| {
        let config = Config::load(Sources {
            environment: variables(&[("PODLING_HEALTH_URL", "http://b")]),
            flags,
            ..Sources::default()
        });
        config.health_url().unwrap().to_owned()
    };
    assert_eq!(url(vec![]), "http://b");
    assert_eq!(url(vec![master()]), "http://a");
    let both = vec![master(), flag("health-url", "--url", "http://c")];
    assert_eq!(url(both), "http://c");
}

#[test]
fn a_node_has_to_be_asked_before_it_is_lost() {
    let config = with_environment(&[
        ("PODLING_MASTER_PROBE_AFTER", "15s"),
        ("PODLING_MASTER_STORE", "memory"),
    ]);
    let text = config.master_options().unwrap_err().to_string();
    assert!(text.contains("less than master.node-timeout"), "{text}");
}

#[test]
fn never_and_unlimited_take_limits_away() {
    let config = with_environment(&[
        ("PODLING_MASTER_TASK_TTL", "never"),
        ("PODLING_MASTER_STORE", "memory"),
        ("PODLING_WORKER_CAPACITY", "unlimited"),
        ("PODLING_WORKER_MEMORY", "512Mi"),
        ("PODLING_WORKER_SHUTDOWN_TIMEOUT", "0"),
    ]);
    let (master, worker) = config.standalone_options("m").unwrap();
    assert_eq!(master.policy.ended_task_ttl_ms, None);
    assert_eq!(
        (worker.capacity, worker.memory_bytes),
        (None, Some(512 << 20))
    );
    assert_eq!(worker.shutdown_timeout, Duration::ZERO);
}
