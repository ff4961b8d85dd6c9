//! The dear way: no node has room, all are asked why.

use divan::Bencher;
use divan::counter::ItemsCount;
use podling::core::decide::decide;
use podling::core::{Capacity, Strategy};

use crate::fixture::{self, moment, sized};

const NODES: usize = sized(10_000, 20);

/// A task comes and has to wait, because all nodes are full.
#[divan::bench]
fn submit(bencher: Bencher<'_, '_>) {
    let one_task = Capacity {
        slots: None,
        cpu_millicores: Some(100),
        memory_bytes: Some(128 << 20),
    };
    let mut state = fixture::of_capacity(NODES, Strategy::Spread, one_task);
    fixture::fill(&mut state, NODES);
    bencher
        .counter(ItemsCount::new(1_u8))
        .with_inputs(|| fixture::submissions(1).remove(0))
        .bench_local_values(|command| decide(&state, command, moment(0)));
}
