//! Logs and pull progress, passed through from the worker.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use podling::core::Policy;
use podling::store::Memory;

use crate::bench::{Bench, id, open, options, until};
use crate::worker::{Reply, Worker};

const NOT_FOUND: &str = r#"{"error":"task x is not here","code":"not_found"}"#;

fn talkative() -> Worker {
    Worker::scripted(|call| {
        call.path
            .ends_with("/logs")
            .then(|| Reply(200, "one\ntwo\n".into()))
    })
}

#[test]
fn the_workers_text_is_passed_through_with_what_was_asked() {
    let bench = Bench::start();
    let worker = talkative();
    worker.register(&bench, "n1");
    let task = bench.submit("a");
    bench.report(&task, "running");
    let path = format!("/api/v1/tasks/{}/logs", id(&task));
    let answer = bench.get(&format!("{path}?tail=5&timestamps=true&stream=stdout"));
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(answer.text, "one\ntwo\n");
    let call = worker.until_called("GET", "/logs");
    for part in ["tail=5", "timestamps=true", "stream=stdout"] {
        assert!(call.query.contains(part), "{}", call.query);
    }
}

/// Listens as a worker that is killed while it sends a log: between two chunks, without the last.
fn killed_while_it_sends() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = Vec::new();
            let mut piece = [0; 1024];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                match connection.read(&mut piece) {
                    Ok(length) if length > 0 => request.extend_from_slice(&piece[..length]),
                    Ok(_) | Err(_) => break,
                }
            }
            let answer: &[u8] = match String::from_utf8_lossy(&request).contains("/logs") {
                true => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n",
                false => b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n",
            };
            // Who asked may be gone.
            let _ = connection.write_all(answer);
        }
    });
    port
}

#[test]
fn a_log_whose_worker_is_killed_does_not_look_whole() {
    let bench = Bench::start();
    let task = bench.submit("a");
    bench.register("n1", killed_while_it_sends());
    let task = bench.until_status(&task, "scheduled");
    bench.report(&task, "running");
    for query in ["", "?follow=true"] {
        let url = format!("{}/api/v1/tasks/{}/logs{query}", bench.url, id(&task));
        let mut answer = open(&url, "GET", &[], None);
        assert_eq!(answer.status(), 200);
        let mut read = Vec::new();
        let end = answer.body_mut().as_reader().read_to_end(&mut read);
        assert!(end.is_err(), "{url}");
        assert_eq!(read, b"one\n", "{url}");
    }
}

#[test]
fn a_log_that_is_followed_while_the_master_ends_does_not_look_whole() {
    let bench = Bench::start();
    let task = bench.submit("a");
    let url = format!("{}/api/v1/tasks/{}/logs?follow=true", bench.url, id(&task));
    let mut answer = open(&url, "GET", &[], None);
    assert_eq!(answer.status(), 200);
    bench.stop();
    let read = answer.body_mut().read_to_string();
    assert!(read.is_err(), "{read:?}");
}

#[test]
fn a_hundred_lines_are_asked_for_when_nothing_is_said() {
    let bench = Bench::start();
    let worker = talkative();
    worker.register(&bench, "n1");
    let task = bench.submit("a");
    bench.report(&task, "completed");
    bench.get(&format!("/api/v1/tasks/{}/logs", id(&task)));
    assert_eq!(worker.until_called("GET", "/logs").query, "tail=100");
}

#[test]
fn what_can_not_be_asked_is_400() {
    let bench = Bench::start();
    let task = bench.submit("a");
    let path = format!("/api/v1/tasks/{}/logs", id(&task));
    bench
        .get(&format!("{path}?tail=some"))
        .is_error(400, "invalid", "tail");
    bench
        .get(&format!("{path}?tail=-1"))
        .is_error(400, "invalid", "tail");
    bench
        .get(&format!("{path}?stream=stdin"))
        .is_error(400, "invalid", "stdin");
    bench
        .get(&format!("{path}?since=yesterday"))
        .is_error(400, "invalid", "since");
}

#[test]
fn a_task_that_has_not_begun_has_no_logs_and_says_why() {
    let bench = Bench::start();
    let task = bench.submit("a");
    let path = format!("/api/v1/tasks/{}/logs", id(&task));
    bench.get(&path).is_error(409, "not_started", "pending");
    let worker = Worker::scripted(|call| {
        call.path
            .ends_with("/logs")
            .then(|| Reply(404, NOT_FOUND.into()))
    });
    worker.register(&bench, "n1");
    bench.until_status(&task, "scheduled");
    bench.get(&path).is_error(409, "not_started", "scheduled");
}

#[test]
fn a_task_that_ended_without_a_container_has_no_logs_and_says_why() {
    let bench = Bench::start();
    let worker = talkative();
    worker.register(&bench, "n1");
    let task = bench.until_status(&bench.submit("a"), "scheduled");
    let path = format!("/api/v1/tasks/{}", id(&task));
    let body = serde_json::json!({
        "status": "failed", "attempt": task["attempt"], "nodeId": "n1", "reason": "no such image",
    });
    assert_eq!(bench.put(&format!("{path}/status"), body).status, 200);
    let logs = bench.get(&format!("{path}/logs"));
    logs.is_error(409, "not_started", "no such image");
}

#[test]
fn a_pull_that_can_not_be_asked_for_is_an_answer_of_its_own() {
    let bench = Bench::start();
    let worker = Worker::scripted(|call| {
        let asked = call.path.ends_with("/pull");
        asked.then(|| Reply(500, r#"{"error":"engine away","code":"engine"}"#.into()))
    });
    worker.register(&bench, "n1");
    let task = bench.until_status(&bench.submit("a"), "scheduled");
    let pull = bench.get(&format!("/api/v1/tasks/{}/pull", id(&task)));
    pull.is_error(503, "node_failed", "engine away");
}

#[test]
fn what_becomes_of_other_tasks_is_no_reason_to_ask_a_worker_again() {
    let bench = Bench::start();
    let worker = Worker::scripted(|call| {
        let asked = call.path.ends_with("/logs");
        asked.then(|| Reply(404, NOT_FOUND.into()))
    });
    worker.register(&bench, "n1");
    let task = bench.until_status(&bench.submit("a"), "scheduled");
    let path = format!("/api/v1/tasks/{}", id(&task));
    std::thread::scope(|scope| {
        scope.spawn(|| bench.get(&format!("{path}/logs?follow=true")));
        worker.until_called("GET", "/logs");
        for number in 0..100 {
            bench.submit(&format!("other-{number}"));
        }
        let calls = worker.calls();
        let asked = calls.iter().filter(|call| call.path.ends_with("/logs"));
        // Only each half second.
        assert!(asked.count() < 50);
        bench.report(&bench.task(&task), "failed");
    });
}

#[test]
fn who_follows_waits_until_the_task_begins() {
    let bench = Bench::start();
    let begun = Arc::new(AtomicBool::new(false));
    let known = begun.clone();
    let worker = Worker::scripted(move |call| {
        call.path
            .ends_with("/logs")
            .then(|| match known.load(Ordering::SeqCst) {
                true => Reply(200, "hello\n".into()),
                false => Reply(404, NOT_FOUND.into()),
            })
    });
    let task = bench.submit("a");
    let path = format!("/api/v1/tasks/{}/logs?follow=true", id(&task));
    let answer = std::thread::scope(|scope| {
        let following = scope.spawn(|| bench.get(&path));
        worker.register(&bench, "n1");
        worker.until_called("GET", "/logs");
        begun.store(true, Ordering::SeqCst);
        bench.report(&bench.task(&task), "running");
        following.join().unwrap()
    });
    assert_eq!((answer.status, answer.text.as_str()), (200, "hello\n"));
}

#[test]
fn who_follows_a_task_that_never_begins_is_let_go_when_it_ends() {
    let bench = Bench::start();
    let task = bench.submit("a");
    let path = format!("/api/v1/tasks/{}", id(&task));
    let answer = std::thread::scope(|scope| {
        let following = scope.spawn(|| bench.get(&format!("{path}/logs?follow=true")));
        until("the follower", || {
            let metrics = bench.get("/metrics").text;
            metrics
                .contains("route=\"/api/v1/tasks/{id}/logs\"")
                .then_some(())
        });
        bench.post_nothing(&format!("{path}/stop"));
        following.join().unwrap()
    });
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
}

#[test]
fn a_worker_that_is_gone_is_503_and_an_offline_node_says_so() {
    let options = podling::master::Options {
        policy: Policy {
            node_timeout_ms: 1_500,
            probe_after_ms: 300,
            ..Policy::default()
        },
        ..options()
    };
    let bench = Bench::start_on(Arc::new(Memory::new()), options);
    let worker = talkative();
    worker.register(&bench, "n1");
    let task = bench.submit("a");
    bench.report(&task, "completed");
    drop(worker);
    let path = format!("/api/v1/tasks/{}/logs", id(&task));
    let answer = bench.get(&path);
    answer.is_error(503, "node_unreachable", "n1");
    assert!(answer.header("retry-after").is_some());
    until("the node to be offline", || {
        (bench.get("/api/v1/nodes/n1").json()["status"] == "offline").then_some(())
    });
    bench.get(&path).is_error(503, "node_offline", "n1");
}

#[test]
fn the_progress_of_a_pull_is_passed_through_until_the_task_runs() {
    let bench = Bench::start();
    let line = "{\"layer\":\"abc\",\"status\":\"Downloading\",\"current\":1,\"total\":2}\n";
    let pulls = AtomicU32::new(0);
    let worker = Worker::scripted(move |call| {
        let asked = call.path.ends_with("/pull");
        // It has not begun when it is asked first, and is done when it is asked again.
        asked.then(|| match pulls.fetch_add(1, Ordering::SeqCst) {
            0 => Reply(404, NOT_FOUND.into()),
            1 => Reply(200, line.into()),
            _ => Reply(200, String::new()),
        })
    });
    let task = bench.submit("a");
    let path = format!("/api/v1/tasks/{}/pull", id(&task));
    let answer = std::thread::scope(|scope| {
        let following = scope.spawn(|| bench.get(&path));
        worker.register(&bench, "n1");
        until("the worker to be asked again", || {
            let calls = worker.calls();
            let asked = calls.iter().filter(|call| call.path.ends_with("/pull"));
            (asked.count() >= 3).then_some(())
        });
        bench.report(&bench.task(&task), "running");
        following.join().unwrap()
    });
    let content_type = answer.header("content-type");
    assert_eq!(content_type, Some("application/x-ndjson"));
    assert_eq!(answer.text, line);
    assert_eq!(bench.get(&path).text, "", "nothing is pulled any more");
}

/// A worker whose logs never end; gives its port. Its threads end with the test's process.
fn endless() -> u16 {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                let mut head = [0; 4096];
                while let Ok(read @ 1..) = stream.read(&mut head) {
                    let logs = String::from_utf8_lossy(&head[..read]).contains("/logs");
                    let answer = match logs {
                        true => {
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n"
                        }
                        false => "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}",
                    };
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            });
        }
    });
    port
}

/// Follows the logs until the connection ends, and gives what was read.
fn follow(bench: &Bench, task: &serde_json::Value, begun: &AtomicBool) -> String {
    use std::io::{Read, Write};
    let address = bench.url.strip_prefix("http://").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(std::time::Duration::from_secs(20)))
        .unwrap();
    let id = id(task);
    let ask =
        format!("GET /api/v1/tasks/{id}/logs?follow=true HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(ask.as_bytes()).unwrap();
    let mut text = String::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return text,
            Ok(read) => text += &String::from_utf8_lossy(&piece[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                panic!("it never ends: {text}")
            }
            Err(_) => return text,
        }
        begun.store(text.contains("one"), Ordering::SeqCst);
    }
}

#[test]
fn a_followed_log_of_a_node_that_vanished_breaks_off() {
    let bench = Bench::start();
    let port = endless();
    bench.register("n1", port);
    let task = bench.submit("a");
    bench.report(&task, "running");
    for _ in 0..2 {
        let begun = AtomicBool::new(false);
        let text = std::thread::scope(|scope| {
            let following = scope.spawn(|| follow(&bench, &task, &begun));
            until("the first line", || {
                begun.load(Ordering::SeqCst).then_some(())
            });
            bench.post_nothing("/api/v1/nodes/n1/deregister");
            following.join().unwrap()
        });
        assert!(
            text.contains("one") && !text.ends_with("0\r\n\r\n"),
            "{text}"
        );
        bench.register("n1", port);
        bench.until_status(&task, "scheduled");
        bench.report(&bench.task(&task), "running");
    }
}
