//! Applying what was decided.

use divan::Bencher;
use divan::counter::ItemsCount;
use podling::core::decide::decide;
use podling::core::{Change, Command, State, Strategy};

use crate::fixture::{self, NODES, TASKS, moment};

/// Tasks come and are placed: two changes each.
#[divan::bench(args = NODES)]
fn submissions(bencher: Bencher<'_, '_>, nodes: usize) {
    let state = fixture::cluster(nodes, Strategy::Spread);
    let mut after = state.clone();
    let mut changes = vec![];
    for (random, command) in (1..).zip(fixture::submissions(TASKS)) {
        collect(&mut after, command, random, &mut changes);
    }
    apply(bencher, &state, &changes);
}

/// Their containers run.
#[divan::bench(args = NODES)]
fn reports(bencher: Bencher<'_, '_>, nodes: usize) {
    let mut state = fixture::cluster(nodes, Strategy::Spread);
    fixture::fill(&mut state, TASKS);
    let mut after = state.clone();
    let mut changes = vec![];
    for task in state.tasks() {
        let report = Command::Report(fixture::running(task));
        collect(&mut after, report, 0, &mut changes);
    }
    apply(bencher, &state, &changes);
}

fn collect(state: &mut State, command: Command, random: u64, changes: &mut Vec<Change>) {
    let decided = decide(state, command, moment(random)).unwrap_or_default();
    decided.iter().for_each(|change| state.apply(change));
    changes.extend(decided);
}

fn apply(bencher: Bencher<'_, '_>, state: &State, changes: &[Change]) {
    bencher
        .counter(ItemsCount::new(changes.len()))
        .with_inputs(|| state.clone())
        .bench_local_refs(|state| changes.iter().for_each(|change| state.apply(change)));
}
