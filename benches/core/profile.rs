//! A fixed amount of work and nothing else, to count its instructions (`scripts/profile.sh`).

use podling::core::Strategy;

use crate::fixture;

/// Places `PODLING_PROFILE=NODES,TASKS` so many tasks on so many nodes, when that is asked for.
pub fn when_asked() -> bool {
    let Ok(asked) = std::env::var("PODLING_PROFILE") else {
        return false;
    };
    let amounts: Vec<usize> = asked.split(',').filter_map(|n| n.parse().ok()).collect();
    let [nodes, tasks] = amounts[..] else {
        panic!("PODLING_PROFILE is NODES,TASKS, not {asked:?}");
    };
    let mut state = fixture::cluster(nodes, Strategy::Spread);
    fixture::fill(&mut state, tasks);
    // Giving back what it holds is none of the work.
    std::mem::forget(state);
    true
}
