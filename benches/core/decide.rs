//! Decisions alone: what is decided is not applied.

use divan::Bencher;
use divan::counter::ItemsCount;
use podling::core::decide::decide;
use podling::core::{Command, EngineCondition, Heartbeat, Strategy, reconcile};

use crate::fixture::{self, NODES, TASKS, moment, sized};

/// A task that is placed.
#[divan::bench]
fn submit(bencher: Bencher<'_, '_>) {
    let state = fixture::cluster(NODES[0], Strategy::Spread);
    let mut random = 0;
    bencher
        .counter(ItemsCount::new(1_u8))
        .with_inputs(|| fixture::submissions(1).remove(0))
        .bench_local_values(|command| {
            random += 1;
            decide(&state, command, moment(random))
        });
}

/// A container runs.
#[divan::bench]
fn report(bencher: Bencher<'_, '_>) {
    let mut state = fixture::cluster(NODES[0], Strategy::Spread);
    fixture::fill(&mut state, TASKS);
    let reports: Vec<_> = state.tasks().map(|task| fixture::running(task)).collect();
    let mut next = 0;
    bencher
        .counter(ItemsCount::new(1_u8))
        .with_inputs(|| {
            next = (next + 1) % reports.len();
            Command::Report(reports[next].clone())
        })
        .bench_local_values(|command| decide(&state, command, moment(1)));
}

/// A worker names a hundred tasks, all as they are known, and is told that nothing differs.
#[divan::bench]
fn heartbeat(bencher: Bencher<'_, '_>) {
    let mut state = fixture::cluster(1, Strategy::Spread);
    fixture::fill(&mut state, sized(100, 10));
    let tasks: Vec<_> = state.tasks().map(|task| fixture::running(task)).collect();
    let node = fixture::node_id(0);
    let heartbeat = Heartbeat {
        node: node.clone(),
        tasks: Some(tasks.clone()),
        condition: EngineCondition::Ready,
        engine: None,
    };
    fixture::carry_out(&mut state, Command::Heartbeat(heartbeat.clone()), moment(1));
    bencher
        .counter(ItemsCount::new(1_u8))
        .with_inputs(|| Command::Heartbeat(heartbeat.clone()))
        .bench_local_values(|command| {
            let changes = decide(&state, command, moment(2));
            let differences = reconcile::differences(&state, &node, Some(&tasks));
            (changes, differences)
        });
}
