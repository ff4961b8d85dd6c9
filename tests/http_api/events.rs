//! The stream of events.

use std::io::{BufRead, BufReader};
use std::sync::Arc;

use podling::core::Policy;
use podling::store::Memory;
use serde_json::Value;

use crate::bench::{Answer, Bench, id, open, options};

/// The events of a complete answer.
fn parsed(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let data = answer
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    data.map(|json| serde_json::from_str(json).unwrap())
        .collect()
}

fn sequences(answer: &Answer) -> Vec<u64> {
    let events = parsed(answer);
    events
        .iter()
        .map(|e| e["sequence"].as_u64().unwrap())
        .collect()
}

#[test]
fn every_change_is_explained_in_the_order_decided() {
    let bench = Bench::start();
    bench.register("n1", 1);
    let task = bench.submit("a");
    let answer = bench.get("/api/v1/events?follow=false");
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let events = parsed(&answer);
    let kinds: Vec<_> = events.iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["nodeRegistered", "taskSubmitted", "taskScheduled"]);
    assert_eq!(events[2]["taskId"], task["taskId"]);
    assert_eq!(events[2]["nodeId"], "n1");
    assert_eq!(events[2]["attempt"], 1);
    assert!(
        answer
            .text
            .starts_with("id: 1\nevent: nodeRegistered\ndata: {"),
        "{}",
        answer.text
    );
}

#[test]
fn a_client_goes_on_where_it_was() {
    let bench = Bench::start();
    for name in ["a", "b"] {
        bench.submit(name);
    }
    let all = sequences(&bench.get("/api/v1/events?follow=false"));
    assert!(all.len() >= 2 && all.is_sorted(), "{all:?}");
    let after = bench.get(&format!("/api/v1/events?follow=false&after={}", all[0]));
    assert_eq!(sequences(&after), all[1..]);
    let header = [("Last-Event-ID", "1")];
    let resumed = bench.send("GET", "/api/v1/events?follow=false", &header, None);
    assert_eq!(sequences(&resumed), all[1..]);
    let newest = all.last().unwrap();
    let none = bench.get(&format!("/api/v1/events?follow=false&after={newest}"));
    assert_eq!(sequences(&none), [0; 0]);
    let header = [("Last-Event-ID", "x")];
    let answer = bench.send("GET", "/api/v1/events", &header, None);
    answer.is_error(400, "invalid", "Last-Event-ID");
}

#[test]
fn what_is_too_old_or_not_from_here_is_410() {
    let options = podling::master::Options {
        policy: Policy {
            event_ring: 3,
            ..Policy::default()
        },
        ..options()
    };
    let bench = Bench::start_on(Arc::new(Memory::new()), options);
    for n in 0..6 {
        bench.submit(&format!("t{n}"));
    }
    bench
        .get("/api/v1/events?follow=false&after=1")
        .is_error(410, "events_gone", "list again");
    bench
        .get("/api/v1/events?after=1000000")
        .is_error(410, "events_gone", "1000000");
    assert_eq!(parsed(&bench.get("/api/v1/events?follow=false")).len(), 3);
}

#[test]
fn sequence_numbers_go_on_after_a_restart_and_older_events_are_410() {
    let store = Arc::new(Memory::new());
    let bench = Bench::start_on(store.clone(), options());
    bench.submit("a");
    let last = *sequences(&bench.get("/api/v1/events?follow=false"))
        .last()
        .unwrap();
    drop(bench);
    let bench = Bench::start_on(Arc::new(store.reopen()), options());
    let kept = format!("none before {} is kept, the newest is {last}", last + 1);
    bench
        .get("/api/v1/events?after=0")
        .is_error(410, "events_gone", &kept);
    let task = bench.submit("b");
    let after = bench.get(&format!("/api/v1/events?follow=false&after={last}"));
    assert_eq!(sequences(&after)[0], last + 1);
    assert_eq!(parsed(&after)[0]["taskId"], task["taskId"]);
}

#[test]
fn a_follower_sees_what_happens_from_now_on_and_is_let_go_at_shutdown() {
    let bench = Bench::start();
    let before = bench.submit("before");
    let response = open(&format!("{}/api/v1/events", bench.url), "GET", &[], None);
    let mut lines = BufReader::new(response.into_body().into_reader()).lines();
    let mut until_event = |task: &Value| {
        let wanted = format!("\"taskId\":\"{}\"", id(task));
        let came = lines.any(|line| line.unwrap().contains(&wanted));
        assert!(came, "the stream ended before {task}");
    };
    until_event(&before);
    for name in ["one", "two", "three"] {
        let task = bench.submit(name);
        until_event(&task);
    }
    bench.stop();
    for rest in lines {
        rest.expect("the stream ends and does not break");
    }
    bench.ended().unwrap();
}
