//! Invariant 5 at the store: what was acknowledged is there after SIGKILL at any moment, and
//! nothing is there by half.
//!
//! The test starts itself again as a child, which opens the store, commits random batches and
//! prints the number of each that was acknowledged. It is killed somewhere in between. Batches
//! follow from a seed, so the parent can make the same ones and knows what has to be stored: the
//! state after the last acknowledged batch, or, when the kill came between commit and
//! acknowledgement, after the one that follows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something is not as it should be"
)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use podling::backoff::Backoff;
use podling::core::{
    Brake, Change, Event, Kind, NodeId, Now, Policy, State, Task, Timestamp, Write as Put,
};
use podling::store::{Batch, Error, Location, Store, open};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use support::postgres::Postgres;
use support::records::{full_node, full_task, node, task};
use support::torture::{rounds, seed};

/// Set for the child: `seed round`, then the location.
const CHILD: &str = "PODLING_CRASH_TEST_CHILD";

#[test]
fn sqlite_keeps_what_was_acknowledged_when_the_process_is_killed() {
    if let Some(child) = ChildOrders::given() {
        return child.carry_out();
    }
    let data_dir = tempfile::tempdir().unwrap();
    let address = data_dir.path().join("data").display().to_string();
    let mut crashes = Crashes::new(
        "sqlite_keeps_what_was_acknowledged_when_the_process_is_killed",
        address,
    );
    for _ in 0..rounds(25, 250) {
        crashes.round(|_| {});
    }
}

#[test]
fn postgres_keeps_what_was_acknowledged_when_the_process_is_killed() {
    if let Some(child) = ChildOrders::given() {
        return child.carry_out();
    }
    let server = Postgres::start();
    let url = server.new_database();
    let database = url.rsplit_once('/').unwrap().1.to_owned();
    let name = "postgres_keeps_what_was_acknowledged_when_the_process_is_killed";
    let mut crashes = Crashes::new(name, url);
    for round in 0..rounds(15, 150) {
        crashes.round(|acknowledged| match round % 5 {
            // The connection breaks; the child makes a new one and goes on.
            1 | 3 if acknowledged % 7 == 3 => {
                let pids = format!("FROM pg_stat_activity WHERE datname = '{database}'");
                server.sql(
                    "postgres",
                    &format!("SELECT pg_terminate_backend(pid) {pids}"),
                );
            }
            // The whole server dies and comes back; the child waits for it.
            4 if acknowledged == 5 => {
                server.kill();
                server.restart();
            }
            _ => {}
        });
    }
}

/// What the parent knows, from crash to crash.
struct Crashes {
    test: &'static str,
    address: String,
    seed: u64,
    random: StdRng,
    round: u64,
    model: State,
}

impl Crashes {
    fn new(test: &'static str, address: String) -> Self {
        let seed = seed();
        Self {
            test,
            address,
            seed,
            random: StdRng::seed_from_u64(seed),
            round: 0,
            model: State::new(Policy::default()),
        }
    }

    /// Starts a child, disturbs it after each acknowledgement, kills it, and compares.
    fn round(&mut self, disturb: impl Fn(u64)) {
        self.round += 1;
        let orders = format!("{} {} {}", self.seed, self.round, self.address);
        let mut child = start(self.test, &orders);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = self.random.random_range(0..40);
        let mut acknowledged = 0;
        while acknowledged < enough {
            acknowledged = next(&mut lines);
            disturb(acknowledged);
        }
        // Somewhere in the time that one or two commits take.
        let moment = self.random.random_range(0..4_000);
        std::thread::sleep(Duration::from_micros(moment));
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before it died counts too.
        while let Some(Ok(line)) = lines.next() {
            acknowledged = number(&line).unwrap_or(acknowledged);
        }
        self.compare(acknowledged);
    }

    fn compare(&mut self, acknowledged: u64) {
        let mut last = self.model.clone();
        let advance = |state: &mut State, number| {
            let changes = changes(state, self.seed, self.round, number);
            apply(state, &changes);
        };
        for number in 1..=acknowledged {
            advance(&mut last, number);
        }
        let mut in_flight = last.clone();
        advance(&mut in_flight, acknowledged + 1);
        let stored = load(&self.address);
        let (round, seed) = (self.round, self.seed);
        assert!(
            stored == last || stored == in_flight,
            "round {round} of seed {seed}: after {acknowledged} acknowledged batches: {}",
            difference(&last, &stored)
        );
        self.model = stored;
    }
}

type Lines = std::io::Lines<BufReader<ChildStdout>>;

fn start(test: &str, orders: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, orders)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn next(lines: &mut Lines) -> u64 {
    loop {
        let line = lines.next().expect("the child goes on").unwrap();
        if let Some(number) = number(&line) {
            return number;
        }
    }
}

fn number(line: &str) -> Option<u64> {
    line.strip_prefix("acknowledged ")?
        .strip_suffix('.')?
        .parse()
        .ok()
}

fn location(address: &str) -> Location {
    if address.starts_with("postgres:") {
        Location::Postgres {
            url: address.into(),
        }
    } else {
        Location::Sqlite {
            data_dir: address.into(),
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// What is stored, as a master finds it that starts now.
fn load(address: &str) -> State {
    runtime().block_on(async {
        let store = open(&location(address)).await.unwrap();
        state(&*store).await
    })
}

async fn state(store: &dyn Store) -> State {
    let snapshot = store.load().await.unwrap();
    let last_event = snapshot.last_event;
    State::load(
        Policy::default(),
        snapshot.into_writes(),
        last_event,
        Now::default(),
    )
}

fn difference(expected: &State, found: &State) -> String {
    let ids = |state: &State| state.tasks().map(|task| task.sequence).collect::<Vec<_>>();
    format!(
        "expected event {} and tasks {:?}, found event {} and tasks {:?}",
        expected.last_event(),
        ids(expected),
        found.last_event(),
        ids(found)
    )
}

/// What the child is to do.
struct ChildOrders {
    seed: u64,
    round: u64,
    address: String,
}

impl ChildOrders {
    fn given() -> Option<Self> {
        let orders = std::env::var(CHILD).ok()?;
        let mut words = orders.splitn(3, ' ');
        Some(Self {
            seed: words.next()?.parse().ok()?,
            round: words.next()?.parse().ok()?,
            address: words.next()?.to_owned(),
        })
    }

    /// Commits until it is killed.
    fn carry_out(&self) {
        runtime().block_on(async {
            let store = open(&location(&self.address)).await.unwrap();
            let mut state = state(&*store).await;
            for number in 1.. {
                let changes = changes(&state, self.seed, self.round, number);
                apply(&mut state, &changes);
                commit(&*store, &batch(&changes, &state)).await;
                let mut out = std::io::stdout().lock();
                writeln!(out, "acknowledged {number}.").unwrap();
                out.flush().unwrap();
            }
        });
    }
}

/// As a master does: again and again while it may heal.
async fn commit(store: &dyn Store, batch: &Batch) {
    let backoff = Backoff {
        first: Duration::from_millis(5),
        most: Duration::from_millis(100),
    };
    for failures in 1.. {
        match store.commit(batch).await {
            Ok(()) => return,
            Err(Error::Unavailable(_)) => {
                tokio::time::sleep(backoff.wait(failures, rand::random())).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn apply(state: &mut State, changes: &[Change]) {
    for change in changes {
        state.apply(change);
    }
}

/// The changes of one batch: they follow from the numbers and the state alone.
fn changes(state: &State, seed: u64, round: u64, number: u64) -> Vec<Change> {
    let mut random = StdRng::seed_from_u64(seed ^ (round << 40) ^ (number << 20));
    let mut changes = vec![];
    let count = match random.random_range(0..10) {
        0 => 100,
        1..4 => 1,
        _ => random.random_range(2..12),
    };
    let tasks: Vec<_> = state.tasks().cloned().collect();
    for sequence in (state.last_event() + 1..).take(count) {
        let write = write(&mut random, &tasks, sequence);
        let event = Event {
            sequence,
            at: Timestamp(1),
            kind: Kind::TaskProgress,
            task: None,
            node: None,
            attempt: 0,
            message: String::new(),
        };
        changes.push(Change {
            write,
            event: event.into(),
        });
    }
    changes
}

fn write(random: &mut StdRng, tasks: &[Arc<Task>], sequence: u64) -> Put {
    let some = (!tasks.is_empty()).then(|| &tasks[random.random_range(0..tasks.len())]);
    let node_id = format!("node-{}", random.random_range(0..5));
    match (random.random_range(0..20), some) {
        (0..6, _) | (_, None) => Put::PutTask(Arc::new(task(sequence))),
        (6..11, Some(known)) => Put::PutTask(Arc::new(Task {
            id: known.id.clone(),
            restart_count: random.random(),
            node: None,
            ..full_task(known.sequence)
        })),
        (11..17, Some(known)) => Put::RemoveTask(known.clone()),
        (17, _) => Put::PutNode(Arc::new(node(&node_id))),
        (18, _) => Put::RemoveNode(NodeId::from(node_id)),
        _ if random.random() => Put::SetBrake(Some(Brake {
            engaged_at: Timestamp(random.random()),
            nodes: [full_node(&node_id).id].into(),
        })),
        _ => Put::SetBrake(None),
    }
}

/// The last write of each key.
fn batch(changes: &[Change], after: &State) -> Batch {
    let mut batch = Batch {
        last_event: after.last_event(),
        ..Batch::default()
    };
    for change in changes {
        match &change.write {
            Put::PutTask(task) | Put::RemoveTask(task) => match after.task(&task.id) {
                Some(task) => batch.put_tasks.push(task.clone()),
                None => batch.remove_tasks.push(task.id.clone()),
            },
            Put::PutNode(node) => match after.node(&node.id) {
                Some(node) => batch.put_nodes.push(node.clone()),
                None => batch.remove_nodes.push(node.id.clone()),
            },
            Put::RemoveNode(id) => match after.node(id) {
                Some(node) => batch.put_nodes.push(node.clone()),
                None => batch.remove_nodes.push(id.clone()),
            },
            Put::SetBrake(_) => batch.brake = Some(after.brake().cloned()),
        }
    }
    batch
}
