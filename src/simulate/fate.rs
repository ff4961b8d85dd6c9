//! How the containers of one node go: drawn for each run, from the node's own seed.

use rand::rngs::SmallRng;
use rand::{RngCore, SeedableRng};

use super::Options;
use crate::worker::runtime::Exit;
use crate::worker::runtime::scripted::{Behaviour, Draw};

/// What decides how the containers of the node of this number go.
pub fn of(options: &Options, number: u32, node_id: String) -> Draw {
    // Numbers that follow each other must not give draws that do.
    let mut mixer = SmallRng::seed_from_u64(options.seed ^ u64::from(number).rotate_left(32));
    let mut rng = SmallRng::seed_from_u64(mixer.next_u64());
    let (starts_in, runs_for, fail) = (options.start_latency, options.run_time, options.fail);
    Box::new(move |container| {
        let starts_in = starts_in.draw(&mut rng);
        let runs_for = runs_for.map(|range| range.draw(&mut rng));
        let code = i64::from(runs_for.is_some() && fail.draw(&mut rng));
        Behaviour {
            starts_in,
            runs_for,
            exit: Exit {
                code,
                ..Exit::default()
            },
            ignores_term: false,
            writes: vec![said(container, &node_id)],
        }
    })
}

/// The one line of each run.
fn said(container: &str, node_id: &str) -> String {
    format!("{container} runs on simulated node {node_id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::node::tests::options;

    fn draws(seed: u64, number: u32) -> Vec<Behaviour> {
        let mut options = options();
        options.seed = seed;
        options.fail = "50%".parse().unwrap();
        let mut fate = of(&options, number, "n".into());
        (0..20).map(|_| fate("c")).collect()
    }

    #[test]
    fn the_same_seed_and_node_give_the_same_draws_and_others_others() {
        assert_eq!(draws(1, 1), draws(1, 1));
        assert_ne!(draws(1, 1), draws(2, 1));
        assert_ne!(draws(1, 1), draws(1, 2));
        let codes = draws(1, 1).into_iter().map(|it| it.exit.code);
        let failed = codes.filter(|code| *code == 1).count();
        assert!((1..20).contains(&failed), "{failed} of 20");
    }

    #[test]
    fn what_runs_until_it_is_stopped_never_fails_by_itself() {
        let mut options = options();
        options.run_time = None;
        options.fail = "100%".parse().unwrap();
        let drawn = of(&options, 1, "n".into())("podling-web-1-1");
        assert_eq!((drawn.runs_for, drawn.exit.code), (None, 0));
        assert_eq!(drawn.writes, ["podling-web-1-1 runs on simulated node n"]);
    }
}
