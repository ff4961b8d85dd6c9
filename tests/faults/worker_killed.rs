//! The worker's process is killed at every step of a task's life and started again: the same
//! containers, the right exit codes, no second container, none left over.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use crate::support::cluster::Cluster;
use crate::support::docker::{IMAGE, Removed, docker};
use crate::support::engine_gate::{EngineGate, Mode};
use crate::support::registry::Registry;
use crate::support::torture::{rounds, seed};

/// Where the worker is killed: while this call to the engine (or its answer) is on its way.
const CUTS: [Mode; 8] = [
    Mode::LoseCall("/containers/create"),
    Mode::LoseAnswer("/containers/create"),
    Mode::LoseCall("/start "),
    Mode::LoseAnswer("/start "),
    // A look at one container.
    Mode::LoseCall("/json "),
    Mode::LoseAnswer("/json "),
    Mode::LoseCall(LIST),
    Mode::LoseAnswer(LIST),
];
/// The list of all: asked for when the worker begins, and when its engine does.
const LIST: &str = "/containers/json?";

#[test]
fn between_any_two_calls_to_the_engine_there_is_one_container_in_the_end() {
    let gate = EngineGate::start();
    let mut cluster = Cluster::start();
    cluster.start_worker_on("a", &[], &[("DOCKER_HOST", &gate.host())]);
    let mut ids = Vec::new();
    for cut in CUTS {
        let listed = matches!(cut, Mode::LoseCall(LIST) | Mode::LoseAnswer(LIST));
        if !listed {
            gate.set(cut);
        }
        ids.push(cluster.run(&["cut", "--image", IMAGE, "--", "sh", "-c", "sleep 1; exit 7"]));
        ids.push(cluster.run(&["stays", "--image", IMAGE, "--", "sleep", "600"]));
        if listed {
            cluster.kill_worker("a");
            gate.set(cut);
            cluster.restart_worker("a");
        }
        gate.until_lost();
        cluster.kill_worker("a");
        gate.set(Mode::PassOn);
        cluster.restart_worker("a");
        let [.., cut_off, stays] = ids.as_slice() else {
            unreachable!()
        };
        let ended = cluster.until_status(cut_off, "failed");
        assert_eq!(ended["exitCode"], 7, "{cut:?}: {ended:#}");
        cluster.until_status(stays, "running");
    }
    each_has_one_container(&cluster);
}

#[test]
fn while_an_image_is_pulled_there_is_one_container_in_the_end() {
    let registry = Registry::start();
    let gate = TcpGate::to(registry.port);
    registry.push(IMAGE, "app:1");
    let image = format!("127.0.0.1:{}/app:1", gate.port);
    let _removed = Removed(&["rmi"], image.clone());
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let id = cluster.run(&["pulled", "--image", &image, "--", "sleep", "600"]);
    for _ in 0..2 {
        let before = gate.came.load(Ordering::SeqCst);
        cluster.until("the registry to be asked", |_| {
            gate.came.load(Ordering::SeqCst) > before
        });
        assert_eq!(cluster.task(&id)["status"], "scheduled");
        cluster.kill_worker("a");
        cluster.restart_worker("a");
    }
    gate.open();
    let task = cluster.until_status(&id, "running");
    assert_eq!(task["attempt"], 1);
    each_has_one_container(&cluster);
}

#[test]
fn an_end_that_nobody_was_told_of_is_told_with_its_exit_code() {
    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let run = |seconds: u32, code: u32| {
        let script = format!("sleep {seconds}; exit {code}");
        cluster.run(&["ends", "--image", IMAGE, "--", "sh", "-c", &script])
    };
    let (unwatched, untold, good) = (run(1, 7), run(2, 9), run(1, 0));
    let stays = cluster.run(&["stays", "--image", IMAGE, "--", "sleep", "600"]);
    for id in [&unwatched, &untold, &good, &stays] {
        cluster.until_status(id, "running");
    }
    let before = cluster.task(&stays);
    // Two end while there is no worker; the third while there is no master for the worker to tell.
    let ended = |id: &str| {
        let filter = format!("label=podling.task={id}");
        !docker(&[
            "ps",
            "-a",
            "-q",
            "--filter",
            "status=exited",
            "--filter",
            &filter,
        ])
        .is_empty()
    };
    cluster.kill_worker("a");
    cluster.until("two to end", |_| ended(&unwatched) && ended(&good));
    cluster.kill_master();
    cluster.restart_worker("a");
    cluster.until("the third to end", |_| ended(&untold));
    cluster.kill_worker("a");
    cluster.start_master();
    cluster.restart_worker("a");

    assert_eq!(cluster.until_status(&unwatched, "failed")["exitCode"], 7);
    assert_eq!(cluster.until_status(&untold, "failed")["exitCode"], 9);
    assert_eq!(cluster.until_status(&good, "completed")["exitCode"], 0);
    let after = cluster.until_status(&stays, "running");
    assert_eq!(after["containerId"], before["containerId"]);
    each_has_one_container(&cluster);
}

#[test]
fn at_random_moments_nothing_is_lost_and_nothing_runs_twice() {
    let kills = rounds(10, 200);
    let mut random = StdRng::seed_from_u64(seed());

    let mut cluster = Cluster::start();
    cluster.start_worker("a", &[]);
    let mut acknowledged = 0;
    let mut expected = BTreeMap::new();
    for kill in 0..kills {
        for _ in 0..random.random_range(1..4) {
            let (name, script) = *SCRIPTS.choose(&mut random).unwrap();
            let id = cluster.run(&[name, "--image", IMAGE, "--", "sh", "-c", script]);
            expected.insert(id, name);
            acknowledged += 1;
        }
        std::thread::sleep(Duration::from_millis(random.random_range(0..400)));
        cluster.kill_worker("a");
        std::thread::sleep(Duration::from_millis(random.random_range(0..200)));
        cluster.restart_worker("a");
        // So that the engine does not fill up: what has ended goes, what runs is stopped.
        if kill % 20 == 19 {
            check(&cluster, &expected);
            for id in std::mem::take(&mut expected).into_keys() {
                cluster.stdout(&["rm", "-f", &id]);
            }
            cluster.until("their containers to go", |c| c.containers(&[]).is_empty());
        }
    }
    check(&cluster, &expected);
    println!("worker killed {kills} times: {acknowledged} tasks acknowledged, 0 lost, 0 doubled");
}

const SCRIPTS: [(&str, &str); 4] = [
    ("stays", "exec sleep 600"),
    ("completes", "exit 0"),
    ("completes", "sleep 0.3"),
    ("fails", "sleep 0.2; exit 7"),
];

fn check(cluster: &Cluster, expected: &BTreeMap<String, &str>) {
    for (id, name) in expected {
        let (status, code) = match *name {
            "stays" => ("running", Value::Null),
            "completes" => ("completed", 0.into()),
            _ => ("failed", 7.into()),
        };
        let task = cluster.until_status(id, status);
        assert_eq!(task["exitCode"], code, "{task:#}\n{}", cluster.all_logs());
    }
    each_has_one_container(cluster);
}

/// One container for each task, the one it names, of its first attempt.
fn each_has_one_container(cluster: &Cluster) {
    let mut of_tasks: Vec<String> = Vec::new();
    for task in cluster.tasks() {
        assert_eq!(
            (&task["attempt"], &task["restartCount"]),
            (&1.into(), &0.into()),
            "{task:#}"
        );
        of_tasks.push(task["containerId"].as_str().unwrap().to_owned());
    }
    let mut there = cluster.containers(&[]);
    of_tasks.sort();
    there.sort();
    assert_eq!(there, of_tasks, "{}", cluster.all_logs());
}

/// A way to a server that leads nowhere until it is opened: connections are taken, and wait.
struct TcpGate {
    port: u16,
    came: Arc<AtomicU32>,
    opened: Arc<AtomicBool>,
    waiting: Arc<Mutex<Vec<TcpStream>>>,
}

impl TcpGate {
    fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gate = Self {
            port: listener.local_addr().unwrap().port(),
            came: Arc::default(),
            opened: Arc::default(),
            waiting: Arc::default(),
        };
        let (came, opened) = (Arc::clone(&gate.came), Arc::clone(&gate.opened));
        let waiting = Arc::clone(&gate.waiting);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                came.fetch_add(1, Ordering::SeqCst);
                if opened.load(Ordering::SeqCst) {
                    std::thread::spawn(move || join(client, server));
                } else {
                    waiting.lock().unwrap().push(client);
                }
            }
        });
        gate
    }

    /// From now on it leads to the server. Who waited until now is sent away, and comes again.
    fn open(&self) {
        self.opened.store(true, Ordering::SeqCst);
        self.waiting.lock().unwrap().clear();
    }
}

fn join(client: TcpStream, server: u16) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else {
        return;
    };
    let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || pass(from, to));
    pass(server, client);
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}
