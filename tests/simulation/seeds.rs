//! Many seeds, and the ones that once found something.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use crate::history::{self, Told};

/// A number of this environment variable, or the usual one.
fn number(name: &str, usual: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.map_or(usual, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name}: {text:?}"))
    })
}

/// Tells a history again with every step, for whoever has to find out.
fn explain(told: &Told) -> String {
    let again = history::run(told.seed, true);
    let what = told.violation.as_deref().unwrap_or("nothing wrong");
    let repeat = format!("PODLING_SIMULATE_SEED={}", told.seed);
    format!(
        "{}\n\nseed {}: {what}\nagain with all its steps: {repeat} cargo nextest run --test simulation one_seed\n",
        again.lines.join("\n"),
        told.seed
    )
}

fn holds(seed: u64) {
    let told = history::run(seed, false);
    assert!(told.violation.is_none(), "{}", explain(&told));
}

/// `PODLING_SIMULATE_SEEDS` of them from `PODLING_SIMULATE_FROM` on, on all cores.
#[test]
fn whatever_fails_everything_holds_and_converges() {
    let (seeds, from) = (
        number("PODLING_SIMULATE_SEEDS", 300),
        number("PODLING_SIMULATE_FROM", 0),
    );
    let threads = number("PODLING_SIMULATE_THREADS", 2);
    let keep_going = number("PODLING_SIMULATE_KEEP_GOING", 0) == 1;
    let (next, failed) = (AtomicU64::new(from), AtomicBool::new(false));
    let (steps, virtual_ms) = (AtomicU64::new(0), AtomicU64::new(0));
    let first = std::thread::scope(|scope| {
        let work = || {
            while !failed.load(Relaxed) {
                let seed = next.fetch_add(1, Relaxed);
                if seed >= from + seeds {
                    return None;
                }
                let told = history::run(seed, false);
                steps.fetch_add(told.steps, Relaxed);
                virtual_ms.fetch_add(told.virtual_ms, Relaxed);
                if (seed - from + 1).is_multiple_of(1_000) {
                    eprintln!("{} seeds", seed - from + 1);
                }
                if let Some(what) = &told.violation {
                    eprintln!("seed {seed}: {what}");
                    if keep_going {
                        continue;
                    }
                    failed.store(true, Relaxed);
                    return Some(told);
                }
            }
            None
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let told = threads
            .into_iter()
            .filter_map(|thread| thread.join().unwrap());
        told.min_by_key(|told| told.seed)
    });
    eprintln!(
        "seeds {from} to {}: {} steps, {} virtual hours",
        next.load(Relaxed).min(from + seeds) - 1,
        steps.load(Relaxed),
        virtual_ms.load(Relaxed) / 3_600_000
    );
    if let Some(told) = first {
        panic!("{}", explain(&told));
    }
}

/// The one of `PODLING_SIMULATE_SEED`, with all its steps.
#[test]
fn one_seed_with_all_its_steps() {
    let told = history::run(number("PODLING_SIMULATE_SEED", 1), true);
    eprintln!("{}", told.lines.join("\n"));
    assert!(told.violation.is_none(), "{:?}", told.violation);
}

#[test]
fn the_same_seed_is_the_same_history() {
    for seed in 0..10 {
        let (one, other) = (history::run(seed, false), history::run(seed, false));
        assert_eq!(
            (one.hash, one.steps),
            (other.hash, other.steps),
            "seed {seed}"
        );
    }
}

/// Seeds that found a mistake. Histories change when the simulation learns something new, so each has
/// a test of its own too, which does not depend on any seed.
const ONCE_FOUND: [(u64, &str); 9] = [
    (
        2,
        "what_is_over_here_and_for_the_master_makes_no_endless_talk",
    ),
    (
        260,
        "what_was_killed_while_no_worker_watched_did_not_end_by_itself",
    ),
    (
        2710,
        "what_was_killed_unseen_is_so_also_when_the_order_comes_before_the_look",
    ),
    (
        22,
        "a_host_port_that_another_task_here_still_has_is_waited_for",
    ),
    (
        147,
        "a_host_port_that_another_task_here_still_has_is_waited_for",
    ),
    (
        2523,
        "a_workers_drain_that_came_late_ends_when_it_says_that_it_takes_tasks",
    ),
    (
        5453,
        "a_stop_that_comes_with_the_order_before_the_look_ends_the_container_that_is_there",
    ),
    (
        2332,
        "a_node_it_held_is_ready_again_also_when_it_beats_too_often_to_be_silent",
    ),
    (
        13015,
        "a_node_it_held_is_ready_again_also_when_it_beats_too_often_to_be_silent",
    ),
];

#[test]
fn what_a_seed_once_found_stays_found() {
    for (seed, directed_test) in ONCE_FOUND {
        eprintln!("seed {seed}, see also {directed_test}");
        holds(seed);
    }
}
