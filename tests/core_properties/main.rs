//! What must hold in `core` after anything: random commands, loops, restarts and reports (late,
//! doubled, from other nodes and attempts), with random time between them.
//!
//! `step` makes them up, `cluster` carries them out and checks the invariants after each,
//! `convergence` then repairs everything and looks whether the cluster gets to where it should.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails in the shortest way"
)]

mod cluster;
mod convergence;
mod invariants;
mod step;

use proptest::prelude::*;

use cluster::Cluster;

proptest! {
    #[test]
    fn the_invariants_hold_after_any_sequence_of_steps(steps in step::steps()) {
        let mut cluster = Cluster::default();
        for step in steps {
            cluster.take(step);
        }
    }

    #[test]
    fn whatever_happened_everything_ends_as_desired_once_all_nodes_work(steps in step::steps()) {
        let mut cluster = Cluster::default();
        for step in steps {
            cluster.take(step);
        }
        convergence::check(cluster);
    }
}
