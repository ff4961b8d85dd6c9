//! Every combination of what is wanted, done and seen, and what must hold in all of them.

use super::*;
use crate::wire::TaskStatus;
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

const RUN: Assignment = Assignment {
    goal: Goal::Run,
    restart: RestartPolicy::Never,
    pull: PullPolicy::Missing,
    confirmed: true,
};

fn step(assignment: Assignment, progress: &Progress, observed: &Observed) -> Step {
    next(&assignment, progress, observed, NOW)
}

fn status(step: Step) -> Option<TaskStatus> {
    match step {
        Step::End(outcome) => Some(outcome.status),
        _ => None,
    }
}

#[test]
fn a_new_task_is_created_without_a_look_at_the_image() {
    let fresh = Progress::default();
    assert_eq!(step(RUN, &fresh, &Observed::Absent), Step::Create);
    assert_eq!(step(RUN, &fresh, &seen(Phase::Created)), Step::Start);
    assert_eq!(step(RUN, &fresh, &seen(Phase::Running)), Step::Watch);
}

#[test]
fn the_pull_policy_says_when_the_image_is_fetched() {
    for (pull, image, expected) in [
        (PullPolicy::Missing, Image::Assumed, Step::Create),
        (PullPolicy::Missing, Image::Missing, Step::Pull),
        (PullPolicy::Missing, Image::Pulled, Step::Create),
        (PullPolicy::Always, Image::Assumed, Step::Pull),
        (PullPolicy::Always, Image::Pulled, Step::Create),
        (PullPolicy::Never, Image::Missing, Step::Create),
    ] {
        let progress = Progress {
            image,
            ..Progress::default()
        };
        let assignment = Assignment { pull, ..RUN };
        assert_eq!(step(assignment, &progress, &Observed::Absent), expected);
    }
}

#[test]
fn the_restart_policy_says_what_an_exit_means() {
    let ran = Progress {
        started: true,
        ..Progress::default()
    };
    for (restart, code, ends) in [
        (RestartPolicy::Never, 0, Some(TaskStatus::Completed)),
        (RestartPolicy::Never, 1, Some(TaskStatus::Failed)),
        (RestartPolicy::OnFailure, 0, Some(TaskStatus::Completed)),
        (RestartPolicy::OnFailure, 1, None),
        (RestartPolicy::Always, 0, None),
        (RestartPolicy::Always, 1, None),
    ] {
        let assignment = Assignment { restart, ..RUN };
        let step = step(assignment, &ran, &exited(code));
        match ends {
            Some(expected) => assert_eq!(status(step), Some(expected)),
            None => assert_eq!(step, Step::BackOff),
        }
    }
}

#[test]
fn after_its_back_off_the_same_container_is_started_again() {
    let assignment = Assignment {
        restart: RestartPolicy::Always,
        ..RUN
    };
    let mut progress = Progress {
        started: true,
        ..Progress::default()
    };
    progress.back_off(NOW, 0);
    let until = Monotonic(NOW.0 + 1000);
    assert_eq!(step(assignment, &progress, &exited(1)), Step::Wait(until));
    assert_eq!(next(&assignment, &progress, &exited(1), until), Step::Start);
}

#[test]
fn the_back_off_doubles_up_to_a_minute_and_begins_anew_after_a_long_run() {
    let mut progress = Progress::default();
    let mut waits: Vec<u64> = (0..8)
        .map(|_| progress.back_off(NOW, 0).as_secs())
        .collect();
    waits.push(progress.back_off(NOW, RESET_AFTER_MS).as_secs());
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 1]);
}

#[test]
fn a_failed_start_removes_the_container_and_then_tells_why() {
    let mut progress = Progress::default();
    progress.fail("bad command: nope".into());
    assert_eq!(step(RUN, &progress, &seen(Phase::Created)), Step::Remove);
    let Step::End(outcome) = step(RUN, &progress, &Observed::Absent) else {
        panic!("it has failed");
    };
    assert_eq!(outcome.status, TaskStatus::Failed);
    assert_eq!(outcome.error.as_deref(), Some("bad command: nope"));
}

#[test]
fn a_failed_start_is_tried_again_when_the_policy_says_so() {
    let mut progress = Progress::default();
    progress.fail("host port in use".into());
    let assignment = Assignment {
        restart: RestartPolicy::OnFailure,
        ..RUN
    };
    assert_eq!(
        step(assignment, &progress, &seen(Phase::Created)),
        Step::BackOff
    );
}

#[test]
fn a_container_removed_from_outside_fails_or_is_made_anew() {
    let ran = Progress {
        started: true,
        ..Progress::default()
    };
    let Step::End(outcome) = step(RUN, &ran, &Observed::Absent) else {
        panic!("it has failed");
    };
    assert!(outcome.reason.contains("removed from outside"));
    let assignment = Assignment {
        restart: RestartPolicy::Always,
        ..RUN
    };
    assert_eq!(step(assignment, &ran, &Observed::Absent), Step::BackOff);
    let waited = Progress {
        not_before: Some(NOW),
        ..ran
    };
    assert_eq!(step(assignment, &waited, &Observed::Absent), Step::Create);
}

#[test]
fn an_end_before_the_stop_is_how_it_ended() {
    let stop = Assignment {
        goal: Goal::Stop { grace_seconds: 3 },
        ..RUN
    };
    let ran = Progress {
        started: true,
        ..Progress::default()
    };
    assert_eq!(
        status(step(stop, &ran, &exited(0))),
        Some(TaskStatus::Completed)
    );
    assert_eq!(
        status(step(stop, &ran, &exited(1))),
        Some(TaskStatus::Failed)
    );
    let stopped = Progress {
        stop_sent: true,
        ..ran.clone()
    };
    assert_eq!(
        status(step(stop, &stopped, &exited(143))),
        Some(TaskStatus::Stopped)
    );
    let waiting_for_its_restart = Assignment {
        restart: RestartPolicy::Always,
        ..stop
    };
    let step = step(waiting_for_its_restart, &ran, &exited(1));
    assert_eq!(status(step), Some(TaskStatus::Stopped));
}

#[test]
fn a_removal_stops_tells_removes_and_forgets_in_this_order() {
    let remove = Assignment {
        goal: Goal::Remove { grace_seconds: 3 },
        ..RUN
    };
    let mut progress = Progress {
        started: true,
        ..Progress::default()
    };
    assert_eq!(
        step(remove, &progress, &seen(Phase::Running)),
        Step::Stop(3)
    );
    progress.stop_sent = true;
    let Step::End(outcome) = step(remove, &progress, &exited(143)) else {
        panic!("its end is told before it goes");
    };
    progress.outcome = Some(outcome);
    assert_eq!(step(remove, &progress, &exited(143)), Step::Remove);
    assert_eq!(step(remove, &progress, &Observed::Absent), Step::Forget);
}

#[test]
fn orders_only_go_further_and_the_shorter_grace_holds() {
    let stop = |grace_seconds| Goal::Stop { grace_seconds };
    let remove = |grace_seconds| Goal::Remove { grace_seconds };
    assert_eq!(Goal::Run.and(stop(5)), stop(5));
    assert_eq!(stop(5).and(Goal::Run), stop(5));
    assert_eq!(stop(5).and(stop(9)), stop(5));
    assert_eq!(stop(5).and(remove(9)), remove(5));
    assert_eq!(remove(9).and(stop(5)), remove(5));
    assert_eq!(Goal::Run.and(Goal::Run), Goal::Run);
}
