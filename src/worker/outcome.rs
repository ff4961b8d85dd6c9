//! How an attempt ended, in words: the one place that explains exit codes.

use super::runtime::Exit;
use crate::wire::TaskStatus;

/// What is said when somebody removed a container.
pub const REMOVED_FROM_OUTSIDE: &str = "the container was removed from outside podling";

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `completed`, `failed` or `stopped`.
    pub status: TaskStatus,
    /// The exit code, when a container ended.
    pub exit_code: Option<i64>,
    /// What went wrong, when something did.
    pub error: Option<String>,
    /// One line.
    pub reason: String,
}

impl Outcome {
    /// It never ran, for this reason.
    pub fn failed(error: String) -> Self {
        Self {
            status: TaskStatus::Failed,
            exit_code: None,
            reason: error.clone(),
            error: Some(error),
        }
    }

    /// A container that podling did not make has its name.
    pub fn name_clash(id: &str) -> Self {
        let short = id.get(..12).unwrap_or(id);
        Self::failed(format!(
            "the container's name is taken by container {short}, which this node's podling did not make: \
             remove or rename it"
        ))
    }

    /// Somebody removed its container.
    pub fn removed_from_outside() -> Self {
        Self::failed(REMOVED_FROM_OUTSIDE.into())
    }

    /// It was stopped by an order.
    pub fn stopped(exit_code: Option<i64>, started: bool) -> Self {
        let reason = match (exit_code, started) {
            (Some(137), _) => {
                "stopped: killed (SIGKILL), it did not end in its grace period".into()
            }
            (Some(code), _) => format!("stopped: exit code {code}"),
            (None, true) => "stopped".into(),
            (None, false) => "stopped before it started".into(),
        };
        Self {
            status: TaskStatus::Stopped,
            exit_code,
            error: None,
            reason,
        }
    }

    /// It was killed before this process first saw it: by whom, and whether an earlier process saw
    /// that and told the master, is not known here.
    pub fn killed_unseen(exit: &Exit) -> Self {
        let signal = exit.code - 128;
        Self {
            status: TaskStatus::Stopped,
            exit_code: Some(exit.code),
            error: None,
            reason: format!("ended before this worker first saw it: killed by signal {signal}"),
        }
    }

    /// It ended by itself.
    pub fn of_exit(exit: &Exit) -> Self {
        if exit.code == 0 && exit.bad_command.is_none() {
            return Self {
                status: TaskStatus::Completed,
                exit_code: Some(0),
                error: None,
                reason: "exited with code 0".into(),
            };
        }
        Self {
            exit_code: Some(exit.code),
            ..Self::failed(explain(exit))
        }
    }
}

/// Why a container ended, in one line.
pub fn explain(exit: &Exit) -> String {
    if let Some(why) = &exit.bad_command {
        return format!("bad command: {why}");
    }
    if exit.by_removal() {
        return REMOVED_FROM_OUTSIDE.into();
    }
    if exit.out_of_memory {
        return format!(
            "out of memory: killed by the kernel (exit code {})",
            exit.code
        );
    }
    match exit.code {
        126 => "exit code 126: a command was found but could not be executed".into(),
        127 => "exit code 127: a command was not found".into(),
        // What only somebody else sends: podling's own stops are not explained here.
        130 | 137 | 143 => format!(
            "killed by signal {} (from outside podling)",
            exit.code - 128
        ),
        code @ 129..=159 => format!("killed by signal {}{}", code - 128, name(code - 128)),
        code => format!("exit code {code}"),
    }
}

fn name(signal: i64) -> &'static str {
    match signal {
        4 => " (illegal instruction)",
        6 => " (aborted)",
        7 => " (bus error)",
        8 => " (arithmetic error)",
        11 => " (segmentation fault)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(code: i64) -> Exit {
        Exit {
            code,
            ..Exit::default()
        }
    }

    #[test]
    fn only_exit_code_0_completes() {
        assert_eq!(Outcome::of_exit(&exit(0)).status, TaskStatus::Completed);
        for code in [1, 2, 126, 127, 137, 143, 255, -1] {
            let outcome = Outcome::of_exit(&exit(code));
            assert_eq!(outcome.status, TaskStatus::Failed);
            assert_eq!(outcome.exit_code, Some(code));
            assert!(outcome.error.is_some());
        }
    }

    #[test]
    fn a_kill_that_podling_did_not_send_is_told_apart_from_want_of_memory() {
        assert_eq!(
            explain(&exit(137)),
            "killed by signal 9 (from outside podling)"
        );
        let exit = Exit {
            out_of_memory: true,
            ..exit(137)
        };
        assert!(explain(&exit).starts_with("out of memory"));
    }

    #[test]
    fn a_crash_names_its_signal() {
        assert_eq!(
            explain(&exit(139)),
            "killed by signal 11 (segmentation fault)"
        );
        assert_eq!(explain(&exit(129)), "killed by signal 1");
        assert_eq!(explain(&exit(160)), "exit code 160");
    }

    #[test]
    fn a_bad_command_is_named() {
        let exit = Exit {
            code: 127,
            bad_command: Some("exec /nope failed: No such file or directory".into()),
            ..Exit::default()
        };
        assert!(explain(&exit).contains("/nope"));
    }

    #[test]
    fn a_stop_says_whether_it_had_to_kill() {
        assert!(Outcome::stopped(Some(137), true).reason.contains("SIGKILL"));
        assert!(Outcome::stopped(None, false).reason.contains("before"));
    }
}
