//! The rules one by one.

use super::*;
use crate::wire::TaskStatus;

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
fn what_was_removed_while_it_ran_is_no_kill_and_is_not_started_but_made_again() {
    let ran = Progress {
        started: true,
        ..Progress::default()
    };
    let going = |code| {
        seen(Phase::Exited(Exit {
            code,
            being_removed: true,
            ..Exit::default()
        }))
    };
    let removed = Step::End(Outcome::removed_from_outside());
    assert_eq!(step(RUN, &ran, &going(137)), removed);
    let always = Assignment {
        restart: RestartPolicy::Always,
        ..RUN
    };
    let waited = Progress {
        not_before: Some(NOW),
        ..ran.clone()
    };
    assert_eq!(step(always, &waited, &going(137)), Step::Create);
    // It had ended before somebody removed it.
    let ended = status(step(RUN, &ran, &going(0)));
    assert_eq!(ended, Some(TaskStatus::Completed));
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
