//! A check of the checks: each rule is broken on purpose, and the simulation has to notice. In the
//! same history with the rule in force there must be nothing to notice.

use podling::mutant::{self, Mutant};

use crate::history;
use crate::plan::Plan;

/// So many histories have to be enough for each.
const SEEDS: u64 = 600;

#[test]
fn every_rule_that_is_broken_on_purpose_is_noticed() {
    let search = |mutant: Mutant| {
        mutant::set(Some(mutant));
        let found = (0..SEEDS).find_map(|seed| {
            let told = history::run_plan(Plan::harsh(seed), false);
            Some((seed, told.violation?))
        });
        mutant::set(None);
        match found {
            Some((seed, what)) => {
                eprintln!("{mutant:?}: noticed by seed {seed}: {what}");
                let unbroken = history::run_plan(Plan::harsh(seed), false).violation;
                if let Some(what) = &unbroken {
                    eprintln!("{mutant:?}: seed {seed} shows nothing: without it, too: {what}");
                }
                unbroken.is_none()
            }
            None => {
                eprintln!("{mutant:?}: NOT noticed by {SEEDS} seeds");
                false
            }
        }
    };
    let halves = Mutant::ALL.split_at(Mutant::ALL.len() / 2);
    let all_noticed = std::thread::scope(|scope| {
        let first = scope.spawn(|| halves.0.iter().filter(|mutant| !search(**mutant)).count());
        let second = halves.1.iter().filter(|mutant| !search(**mutant)).count();
        first.join().unwrap() + second == 0
    });
    assert!(all_noticed);
}
