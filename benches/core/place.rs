//! Placements, as a submission makes them and as the placer does when many wait.

use divan::Bencher;
use divan::counter::ItemsCount;
use podling::core::{State, Strategy, reconcile};

use crate::fixture::{self, NODES, TASKS, moment};

/// So many changes at once, as the master's own placer.
const LIMIT: usize = 512;

/// A task comes, is placed, and both are applied.
#[divan::bench(args = NODES)]
fn submissions(bencher: Bencher<'_, '_>, nodes: usize) {
    submit(bencher, &fixture::cluster(nodes, Strategy::Spread));
}

/// The same, one node filled after the other.
#[divan::bench(args = NODES)]
fn submissions_packed(bencher: Bencher<'_, '_>, nodes: usize) {
    submit(bencher, &fixture::cluster(nodes, Strategy::BinPack));
}

/// Equal tasks that have waited are placed, some hundred at a time.
#[divan::bench(args = NODES)]
fn waiting(bencher: Bencher<'_, '_>, nodes: usize) {
    place(bencher, nodes, Strategy::Spread);
}

/// The same, one node filled after the other.
#[divan::bench(args = NODES)]
fn waiting_packed(bencher: Bencher<'_, '_>, nodes: usize) {
    place(bencher, nodes, Strategy::BinPack);
}

fn submit(bencher: Bencher<'_, '_>, state: &State) {
    bencher
        .counter(ItemsCount::new(TASKS))
        .with_inputs(|| (state.clone(), fixture::submissions(TASKS)))
        .bench_local_refs(|(state, commands)| {
            for (random, command) in (1..).zip(commands.drain(..)) {
                fixture::carry_out(state, command, moment(random));
            }
            assert_eq!(state.pending().count(), 0);
        });
}

fn place(bencher: Bencher<'_, '_>, nodes: usize, strategy: Strategy) {
    let mut state = fixture::cluster(0, strategy);
    fixture::fill(&mut state, TASKS);
    fixture::join(&mut state, nodes);
    bencher
        .counter(ItemsCount::new(TASKS))
        .with_inputs(|| state.clone())
        .bench_local_refs(|state| {
            while state.pending().next().is_some() {
                for change in reconcile::place(state, moment(0), LIMIT) {
                    state.apply(&change);
                }
            }
        });
}
