//! A master starts: the state from what was stored.

use divan::Bencher;
use divan::counter::ItemsCount;
use podling::core::{Policy, State, Strategy, Write};

use crate::fixture::{self, moment, sized};

/// So many tasks on a thousand nodes.
#[divan::bench(args = [sized(100_000, 1_000)])]
fn load(bencher: Bencher<'_, '_>, tasks: usize) {
    let mut state = fixture::cluster(sized(1_000, 10), Strategy::Spread);
    fixture::fill(&mut state, tasks);
    let nodes = state.nodes().cloned().map(Write::PutNode);
    let tasks = state.tasks().cloned().map(Write::PutTask);
    let writes: Vec<_> = nodes.chain(tasks).collect();
    bencher
        .counter(ItemsCount::new(state.tasks().len()))
        .with_inputs(|| writes.clone())
        .bench_local_values(|writes| State::load(Policy::default(), writes, 0, moment(0)));
}
