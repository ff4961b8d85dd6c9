//! A look leaves out only nodes of which it would have nothing to say.

use proptest::prelude::*;

use super::nodes::restart;
use crate::core::reconcile::liveness::{self, Link};
use crate::core::reconcile::{nodes, probe};
use crate::core::test_cluster::Cluster;
use crate::core::{NodeId, Now, Policy, State};

const NODES: [&str; 4] = ["a", "b", "c", "d"];

#[derive(Debug, Clone)]
enum Step {
    Pass(u64),
    Heard(usize),
    Probed(usize, bool),
    Drain(usize),
    SignOff(usize),
    Beat(usize),
    Look,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let node = || 0..NODES.len();
    prop_oneof![
        3 => (0..9_000_u64).prop_map(Step::Pass),
        3 => node().prop_map(Step::Heard),
        4 => (node(), any::<bool>()).prop_map(|(node, answered)| Step::Probed(node, answered)),
        1 => node().prop_map(Step::Drain),
        1 => node().prop_map(Step::SignOff),
        1 => node().prop_map(Step::Beat),
        3 => Just(Step::Look),
        1 => Just(Step::Restart),
    ]
}

/// The nodes that are left out.
fn left_out(state: &State, now: Now) -> Vec<NodeId> {
    let doubtful = liveness::doubtful(state, now);
    let is_left_out = |id: &NodeId| doubtful.iter().all(|(node, _)| node.id != *id);
    let online = liveness::online(state).map(|(node, _)| node.id.clone());
    online.filter(is_left_out).collect()
}

proptest! {
    #[test]
    fn there_is_nothing_to_say_of_nodes_that_are_left_out(
        node_timeout_ms in 2_000..30_000_u64,
        probe_after_ms in 1_000..30_000_u64,
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let policy = Policy {
            node_timeout_ms,
            probe_after_ms,
            ..Policy::default()
        };
        let mut cluster = Cluster::with(policy.clone());
        let ids = NODES.map(|id| cluster.add_node(id, 5));
        for step in steps {
            match step {
                Step::Pass(ms) => cluster.pass(ms),
                Step::Heard(node) => cluster.state.heard(&ids[node], cluster.now),
                Step::Probed(node, answered) => {
                    cluster.state.probed(&ids[node], answered, cluster.now);
                }
                Step::Drain(node) => drop(cluster.drain(&ids[node], 20)),
                Step::SignOff(node) => drop(cluster.deregister(&ids[node])),
                Step::Beat(node) => drop(cluster.add_node(ids[node].as_str(), 5)),
                Step::Look => drop(cluster.nodes()),
                Step::Restart => restart(&mut cluster, policy.clone()),
            }
            let (state, now) = (&cluster.state, cluster.now);
            for id in left_out(state, now) {
                let node = state.node(&id).unwrap();
                let contact = state.contact(&id);
                let link = liveness::link(node, contact, &policy, now);
                prop_assert_eq!(link, Link::Fine);
                prop_assert!(!probe::is_due(node, &contact, &policy, now));
                prop_assert_eq!(&node.unreachable, &None);
                prop_assert!(!state.is_drain_due(node, now));
            }
            // What the two see is decided alike, also when it makes the brake engage.
            if state.brake().is_none() {
                let at_all = nodes::look(state, now, liveness::online(state).collect());
                prop_assert_eq!(nodes::nodes(state, now), at_all);
            }
            state.check().unwrap();
        }
    }
}
