//! What a supervisor does next: a pure function of what is wanted, what was done, and what is seen.
//!
//! ```text
//!            ┌────────── Pull ◄──────┐ the engine does not have the image
//!            ▼                       │
//!  absent ─ Create ─► created ─ Start ─► running ─ Watch ─► exited ─┬─ End ─► Rest
//!            ▲                   ▲                                  │ (policy: start again)
//!            └── Wait (back-off) ┴──────────────────────── BackOff ◄┘
//!
//!  stop wanted:    running ─ Stop ─► exited ─ End ─► Rest           created ─ Remove ─► absent ─ End
//!  removal wanted: as stop, then Remove ─► absent ─ Forget
//!  found not running when the worker began: Hold, until the master says that it is current
//!  unknown (a call was cut off, an event came): Inspect, whatever is wanted
//! ```
//!
//! The supervisor performs the step, observes, and asks again. A call whose outcome is not known
//! leaves `Unknown`, never a guess. Nothing here waits, logs or calls anything.

use std::time::Duration;

use super::outcome::Outcome;
use super::runtime::{Container, Phase};
use crate::backoff::Backoff;
use crate::core::Monotonic;
use crate::wire::{PullPolicy, RestartPolicy};

/// How long a container that ended or could not be started waits before the next start: doubling
/// from 1 s, at most a minute. Between Docker's own restart policy (from 100 ms, at most a minute:
/// "Start containers automatically" in its manual) and Kubernetes' CrashLoopBackOff (from 10 s, at
/// most 5 min: "Pod Lifecycle"): a crash costs little time, a crash loop costs little cpu.
pub const RESTART_BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(1),
    most: Duration::from_secs(60),
};

/// Who ran for so long begins with the first wait again (as Kubernetes does).
pub const RESET_AFTER_MS: u64 = 10 * 60 * 1000;

/// What is wanted. It only ever goes on, from running over stopping to removing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Run to its end.
    Run,
    /// End; what is left of it stays, for its logs.
    Stop {
        /// Seconds between SIGTERM and SIGKILL.
        grace_seconds: u32,
    },
    /// End, and go.
    Remove {
        /// Seconds between SIGTERM and SIGKILL.
        grace_seconds: u32,
    },
}

impl Goal {
    /// Both this and `newer` were ordered: what goes further holds, with the shorter grace.
    pub fn and(self, newer: Goal) -> Goal {
        let grace_seconds = match (self.grace_seconds(), newer.grace_seconds()) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b).unwrap_or_default(),
        };
        match (self, newer) {
            (Goal::Remove { .. }, _) | (_, Goal::Remove { .. }) => Goal::Remove { grace_seconds },
            (Goal::Stop { .. }, _) | (_, Goal::Stop { .. }) => Goal::Stop { grace_seconds },
            (Goal::Run, Goal::Run) => Goal::Run,
        }
    }

    fn grace_seconds(self) -> Option<u32> {
        match self {
            Goal::Run => None,
            Goal::Stop { grace_seconds } | Goal::Remove { grace_seconds } => Some(grace_seconds),
        }
    }
}

/// What is wanted, and the rules for getting there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assignment {
    /// What is wanted.
    pub goal: Goal,
    /// When the container is started again.
    pub restart: RestartPolicy,
    /// When the image is pulled.
    pub pull: PullPolicy,
    /// The master said that this attempt is the current one. Not yet so for a container that was
    /// found not running when this process began: it may have been stopped for good, or moved.
    pub confirmed: bool,
}

/// What is known about the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Image {
    /// Nothing: it is taken to be there until the engine says otherwise.
    #[default]
    Assumed,
    /// The engine does not have it.
    Missing,
    /// It was pulled for this container.
    Pulled,
}

/// What was done so far within the attempt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// The container ran, or the master knows that it did.
    pub started: bool,
    /// About the image.
    pub image: Image,
    /// This process started the container or saw it run. Else nobody saw how it ended.
    pub seen_running: bool,
    /// SIGTERM was sent by this worker.
    pub stop_sent: bool,
    /// Why the last pull, create or start failed.
    pub failure: Option<String>,
    /// Ends and failures in a row, for the back-off.
    pub setbacks: u32,
    /// The back-off in force.
    pub not_before: Option<Monotonic>,
    /// How the attempt ended.
    pub outcome: Option<Outcome>,
}

/// The container as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observed {
    /// It does not exist.
    Absent,
    /// It has to be looked at.
    Unknown,
    /// It is another one's: podling keeps its hands off it.
    Foreign {
        /// Its id.
        id: String,
    },
    /// It is this.
    Known(Container),
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Look at the container.
    Inspect,
    /// Fetch the image.
    Pull,
    /// Make the container.
    Create,
    /// Start it (again).
    Start,
    /// It runs: wait for an event.
    Watch,
    /// It ended or failed and is to be tried again: begin a back-off.
    BackOff,
    /// The back-off is in force until then.
    Wait(Monotonic),
    /// Whether it is to run is for the master to say: wait for that.
    Hold,
    /// SIGTERM, and SIGKILL after so many seconds.
    Stop(u32),
    /// Remove the container.
    Remove,
    /// The attempt has ended like this: report it.
    End(Outcome),
    /// It has ended and its container stays: wait for orders.
    Rest,
    /// Nothing is left, nothing is wanted.
    Forget,
}

/// The next step.
pub fn next(
    assignment: &Assignment,
    progress: &Progress,
    observed: &Observed,
    now: Monotonic,
) -> Step {
    let removing = matches!(assignment.goal, Goal::Remove { .. });
    if progress.outcome.is_some() && !removing {
        return Step::Rest;
    }
    if *observed == Observed::Unknown {
        return Step::Inspect;
    }
    match assignment.goal {
        Goal::Run => run(assignment, progress, observed, now),
        Goal::Stop { grace_seconds } | Goal::Remove { grace_seconds } => {
            finish(assignment, progress, observed, grace_seconds)
        }
    }
}

fn run(assignment: &Assignment, progress: &Progress, observed: &Observed, now: Monotonic) -> Step {
    match observed {
        Observed::Unknown => Step::Inspect,
        Observed::Foreign { id } => Step::End(Outcome::name_clash(id)),
        Observed::Absent => make(assignment, progress, now),
        Observed::Known(container) => match &container.phase {
            Phase::Running => Step::Watch,
            Phase::Created if !assignment.confirmed => Step::Hold,
            Phase::Created if progress.failure.is_some() => {
                if assignment.restart == RestartPolicy::Never {
                    // Of no use: it never wrote a line. The failure is told once it is gone.
                    Step::Remove
                } else {
                    again(assignment, progress, now, Step::Start)
                }
            }
            Phase::Created => Step::Start,
            Phase::Exited(exit) if exit.by_removal() => make(assignment, progress, now),
            Phase::Exited(exit) if starts_again(assignment.restart, exit.code) => {
                again(assignment, progress, now, Step::Start)
            }
            // A host that went down, or this worker when it shut down and the master was away: the
            // task did not end by itself, so it is the master's to run it elsewhere.
            Phase::Exited(exit) if !progress.seen_running && exit.is_killed() => {
                Step::End(Outcome::killed_unseen(exit))
            }
            Phase::Exited(exit) => Step::End(Outcome::of_exit(exit)),
        },
    }
}

/// There is no container: it was never made, or somebody removed it.
fn make(assignment: &Assignment, progress: &Progress, now: Monotonic) -> Step {
    let never = assignment.restart == RestartPolicy::Never;
    if let Some(error) = &progress.failure {
        if never {
            return Step::End(Outcome::failed(error.clone()));
        }
    } else if progress.started && never {
        return Step::End(Outcome::removed_from_outside());
    }
    let then = fetch_or_create(assignment, progress);
    if progress.failure.is_some() || progress.started {
        return again(assignment, progress, now, then);
    }
    then
}

fn fetch_or_create(assignment: &Assignment, progress: &Progress) -> Step {
    let pull = match (assignment.pull, progress.image) {
        (_, Image::Pulled) => false,
        (PullPolicy::Always, _) => true,
        (PullPolicy::Missing, image) => image == Image::Missing,
        // Create is tried even so: its error says what is missing.
        (PullPolicy::Never, _) => false,
    };
    if pull { Step::Pull } else { Step::Create }
}

/// `then`, after a back-off.
fn again(assignment: &Assignment, progress: &Progress, now: Monotonic, then: Step) -> Step {
    match progress.not_before {
        _ if !assignment.confirmed => Step::Hold,
        None => Step::BackOff,
        Some(until) if now < until => Step::Wait(until),
        Some(_) => then,
    }
}

/// A stop or a removal is wanted.
fn finish(
    assignment: &Assignment,
    progress: &Progress,
    observed: &Observed,
    grace_seconds: u32,
) -> Step {
    let removing = matches!(assignment.goal, Goal::Remove { .. });
    let ended = progress.outcome.is_some();
    match observed {
        Observed::Unknown => Step::Inspect,
        Observed::Absent | Observed::Foreign { .. } if ended => Step::Forget,
        Observed::Absent | Observed::Foreign { .. } => {
            Step::End(Outcome::stopped(None, progress.started))
        }
        Observed::Known(container) => match &container.phase {
            Phase::Running => Step::Stop(grace_seconds),
            Phase::Created => Step::Remove,
            Phase::Exited(_) if ended && removing => Step::Remove,
            // It ended by itself before the stop: then that is how it ended. One that waited to be
            // started again was ended by the stop.
            Phase::Exited(exit)
                if !progress.stop_sent && !starts_again(assignment.restart, exit.code) =>
            {
                Step::End(Outcome::of_exit(exit))
            }
            Phase::Exited(exit) => Step::End(Outcome::stopped(Some(exit.code), true)),
        },
    }
}

/// Whether a container that ended with this code is started again.
pub fn starts_again(policy: RestartPolicy, exit_code: i64) -> bool {
    match policy {
        RestartPolicy::Never => false,
        RestartPolicy::OnFailure => exit_code != 0,
        RestartPolicy::Always => true,
    }
}

impl Progress {
    /// Begins a back-off after an end or a failure; `ran_for_ms`: how long it ran before.
    pub fn back_off(&mut self, now: Monotonic, ran_for_ms: u64) -> Duration {
        if ran_for_ms >= RESET_AFTER_MS {
            self.setbacks = 0;
        }
        self.setbacks = self.setbacks.saturating_add(1);
        let wait = RESTART_BACKOFF.ceiling(self.setbacks);
        self.not_before = Some(Monotonic(now.0.saturating_add(wait.as_millis() as u64)));
        wait
    }

    /// A pull, create or start failed.
    pub fn fail(&mut self, error: String) {
        self.failure = Some(error);
        self.not_before = None;
    }

    /// The container was started.
    pub fn run(&mut self) {
        self.started = true;
        self.failure = None;
        self.not_before = None;
        self.seen_running = true;
    }
}

#[cfg(test)]
mod tests;
