//! An engine that accepts every call and answers none: in paused time, so that no deadline costs
//! any.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixListener;

use super::*;
use crate::worker::runtime::Identity;

/// No call may take longer, a stop's grace apart: pulls of large images are slow.
const LONGEST: Duration = Duration::from_secs(3 * 60 * 60);

fn mute() -> (Docker, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("docker.sock");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    });
    let docker = Docker::connect_to(&format!("unix://{}", path.display())).unwrap();
    (docker, dir)
}

fn blueprint() -> Blueprint {
    let task: wire::Task = serde_json::from_value(serde_json::json!({
        "taskId": "t", "name": "web", "image": "i", "attempt": 1, "status": "scheduled",
    }))
    .unwrap();
    Blueprint {
        name: "c".into(),
        identity: Identity {
            node_id: "n".into(),
            task_id: "t".into(),
            attempt: 1,
        },
        task,
        labels: Default::default(),
    }
}

async fn ended<T>(what: &str, call: impl Future<Output = Result<T>>) {
    let error = timeout(LONGEST, call).await;
    let error = error.unwrap_or_else(|_| panic!("{what} is still waited for after {LONGEST:?}"));
    let error = error.err().unwrap_or_else(|| panic!("{what} succeeded"));
    assert!(error.is_engine_trouble(), "{what}: {error:?}");
}

#[tokio::test(start_paused = true)]
async fn no_call_waits_for_ever_for_an_engine_that_does_not_answer() {
    let (docker, _dir) = mute();
    let blueprint = blueprint();
    ended("ping", docker.ping()).await;
    ended("info", docker.info()).await;
    ended("list", docker.list("n")).await;
    ended("inspect", docker.inspect("c")).await;
    ended("pull", docker.pull("i", Box::new(|_| {}))).await;
    ended("create", docker.create(&blueprint)).await;
    ended("start", docker.start("c")).await;
    ended("stop", docker.stop("c", 10)).await;
    ended("remove", docker.remove("c", true)).await;
    let mut logs = docker.logs("c", LogOptions::default());
    ended("logs", async { logs.next().await.unwrap().map(drop) }).await;
    let mut events = docker.events("n");
    ended("events", async { events.next().await.unwrap().map(drop) }).await;
}

/// Until its head has come an answer has a deadline, and then it may be silent for as long as
/// nothing happens.
#[tokio::test(start_paused = true)]
async fn events_are_waited_for_as_long_as_there_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("docker.sock");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line).await.unwrap();
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
                    Transfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // Neither closed nor written to.
        std::future::pending::<()>().await;
    });
    let docker = Docker::connect_to(&format!("unix://{}", path.display())).unwrap();
    let waited = timeout(LONGEST, docker.events("n").next()).await;
    assert!(waited.is_err(), "{waited:?}");
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_named() {
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let host = format!("tcp://127.0.0.1:{port}");
    let docker = Docker::connect_to(&host).unwrap();
    for error in [
        docker.ping().await.unwrap_err(),
        docker.info().await.unwrap_err(),
        docker.events("n").next().await.unwrap().unwrap_err(),
        docker.pull("i", Box::new(|_| {})).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains(&host), "{error}");
        assert!(error.to_string().contains("refused"), "{error}");
    }
}

#[test]
fn an_address_at_which_no_engine_can_be_is_named() {
    let error = Docker::connect_to("bogus").err().unwrap();
    assert_eq!(
        error.to_string(),
        "\"bogus\" is no address of a container engine: allowed: unix:///PATH or tcp://HOST:PORT"
    );
}

/// With many tasks most calls wait for their turn: that has to end as well.
#[tokio::test(start_paused = true)]
async fn nor_do_the_calls_that_wait_for_their_turn() {
    let (docker, _dir) = mute();
    let starts = (0..100).map(|_| docker.start("c"));
    let all = futures_util::future::join_all(starts);
    let results = timeout(LONGEST, all).await.expect("all of them end");
    assert!(
        results
            .iter()
            .all(|r| r.as_ref().is_err_and(Error::is_engine_trouble))
    );
}

/// Else all of many containers would be created before the first is started.
#[tokio::test]
async fn a_start_does_not_wait_for_the_creates_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("docker.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let (says, mut asked) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            says.send(line).unwrap();
            kept.push(stream);
        }
    });
    let docker = Docker::connect_to(&format!("unix://{}", path.display())).unwrap();
    let blueprint = blueprint();
    let creates = (0..100).map(|_| docker.create(&blueprint));
    let start = docker.start("c");
    let calls = async { tokio::join!(futures_util::future::join_all(creates), start) };
    let looks = async {
        let mut creates = 0;
        loop {
            let line = timeout(Duration::from_secs(10), asked.recv()).await;
            let line = line.expect("the start reaches the engine").unwrap();
            match line.contains("/containers/c/start") {
                true => return creates,
                false => creates += usize::from(line.contains("/containers/create")),
            }
        }
    };
    tokio::select! {
        _ = calls => panic!("the engine answers nothing"),
        creates = looks => assert_eq!(creates, CREATES_AT_ONCE),
    }
}
