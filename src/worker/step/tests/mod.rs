//! Every combination of what is wanted, done and seen, and what must hold in all of them.

mod rules;

use super::*;
use crate::worker::runtime::{Exit, Identity};

const NOW: Monotonic = Monotonic(1_000_000);
const POLICIES: [RestartPolicy; 3] = [
    RestartPolicy::Never,
    RestartPolicy::OnFailure,
    RestartPolicy::Always,
];
const GOALS: [Goal; 3] = [
    Goal::Run,
    Goal::Stop { grace_seconds: 10 },
    Goal::Remove { grace_seconds: 10 },
];

fn seen(phase: Phase) -> Observed {
    Observed::Known(Container {
        id: "c".into(),
        identity: Some(Identity {
            node_id: "n".into(),
            task_id: "t".into(),
            attempt: 1,
        }),
        phase,
        health: None,
    })
}

fn exited(code: i64) -> Observed {
    seen(Phase::Exited(Exit {
        code,
        ..Exit::default()
    }))
}

fn all_observations() -> Vec<Observed> {
    vec![
        Observed::Absent,
        Observed::Unknown,
        Observed::Foreign { id: "other".into() },
        seen(Phase::Created),
        seen(Phase::Running),
        exited(0),
        exited(1),
        exited(143),
    ]
}

fn all_assignments() -> Vec<Assignment> {
    let mut all = vec![];
    for goal in GOALS {
        for restart in POLICIES {
            for pull in [PullPolicy::Missing, PullPolicy::Always, PullPolicy::Never] {
                for confirmed in [true, false] {
                    all.push(Assignment {
                        goal,
                        restart,
                        pull,
                        confirmed,
                    });
                }
            }
        }
    }
    all
}

fn all_progress() -> Vec<Progress> {
    let mut all = vec![];
    for started in [false, true] {
        for image in [Image::Assumed, Image::Missing, Image::Pulled] {
            for stop_sent in [false, true] {
                for failure in [None, Some("no".to_owned())] {
                    for not_before in [None, Some(Monotonic(0)), Some(Monotonic(NOW.0 + 5))] {
                        for outcome in [None, Some(Outcome::failed("so".into()))] {
                            all.push(Progress {
                                started,
                                image,
                                seen_running: started && !stop_sent,
                                stop_sent,
                                failure: failure.clone(),
                                setbacks: 0,
                                not_before,
                                outcome,
                            });
                        }
                    }
                }
            }
        }
    }
    all
}

/// Calls `check` with each of the combinations and the step that follows.
fn in_all_cases(check: impl Fn(&Assignment, &Progress, &Observed, &Step)) {
    for assignment in all_assignments() {
        for progress in all_progress() {
            for observed in all_observations() {
                let step = next(&assignment, &progress, &observed, NOW);
                check(&assignment, &progress, &observed, &step);
            }
        }
    }
}

fn makes_something_run(step: &Step) -> bool {
    matches!(step, Step::Pull | Step::Create | Step::Start)
}

#[test]
fn what_has_ended_never_runs_again() {
    in_all_cases(|assignment, progress, observed, step| {
        if progress.outcome.is_some() {
            assert!(
                !makes_something_run(step),
                "{assignment:?} {observed:?}: {step:?}"
            );
        }
    });
}

#[test]
fn what_is_to_stop_is_never_made_or_started() {
    in_all_cases(|assignment, progress, observed, step| {
        if assignment.goal != Goal::Run {
            assert!(
                !makes_something_run(step),
                "{progress:?} {observed:?}: {step:?}"
            );
            assert!(!matches!(
                step,
                Step::BackOff | Step::Wait(_) | Step::Watch | Step::Hold
            ));
        }
    });
}

#[test]
fn what_ran_once_and_is_not_to_be_repeated_is_never_made_anew() {
    in_all_cases(|assignment, progress, observed, step| {
        if assignment.restart == RestartPolicy::Never && progress.started {
            assert!(
                !matches!(step, Step::Create | Step::Pull),
                "{observed:?}: {step:?}"
            );
        }
    });
}

#[test]
fn what_is_unknown_is_looked_at_before_anything_else() {
    in_all_cases(|assignment, progress, observed, step| {
        let removing = matches!(assignment.goal, Goal::Remove { .. });
        if *observed == Observed::Unknown && (progress.outcome.is_none() || removing) {
            assert_eq!(*step, Step::Inspect);
        }
    });
}

#[test]
fn a_foreign_container_is_never_touched() {
    in_all_cases(|_, _, observed, step| {
        if matches!(observed, Observed::Foreign { .. }) {
            assert!(
                matches!(step, Step::End(_) | Step::Rest | Step::Forget),
                "{step:?}"
            );
        }
    });
}

#[test]
fn only_what_is_there_is_started_stopped_or_removed() {
    in_all_cases(|_, _, observed, step| {
        if matches!(
            step,
            Step::Start | Step::Stop(_) | Step::Remove | Step::Watch
        ) {
            assert!(
                matches!(observed, Observed::Known(_)),
                "{observed:?}: {step:?}"
            );
        }
    });
}

#[test]
fn a_running_container_is_never_removed_under_its_task() {
    in_all_cases(|_, _, observed, step| {
        if *observed == seen(Phase::Running) {
            assert_ne!(*step, Step::Remove);
        }
    });
}

#[test]
fn what_the_master_did_not_confirm_is_not_started() {
    in_all_cases(|assignment, progress, observed, step| {
        let first_time =
            *observed == Observed::Absent && !progress.started && progress.failure.is_none();
        if !assignment.confirmed && !first_time {
            assert!(!makes_something_run(step), "{observed:?}: {step:?}");
        }
    });
}

#[test]
fn a_back_off_in_force_is_kept() {
    in_all_cases(|_, progress, observed, step| {
        let in_force = progress.not_before.is_some_and(|until| until > NOW);
        let fresh = progress.failure.is_none() && !progress.started;
        let created = *observed == seen(Phase::Created) && progress.failure.is_none();
        if in_force && !(fresh && *observed == Observed::Absent) && !created {
            assert!(
                !makes_something_run(step),
                "{progress:?} {observed:?}: {step:?}"
            );
        }
    });
}

#[test]
fn forgotten_is_only_what_is_gone_told_and_not_wanted() {
    in_all_cases(|assignment, progress, observed, step| {
        if *step == Step::Forget {
            assert!(matches!(assignment.goal, Goal::Remove { .. }));
            assert!(progress.outcome.is_some());
            assert!(matches!(
                observed,
                Observed::Absent | Observed::Foreign { .. }
            ));
        }
    });
}
