//! Reading what Docker shows of a container.

use bollard::models::{
    ContainerInspectResponse, ContainerState, ContainerStateStatusEnum, ContainerSummary,
    ContainerSummaryStateEnum, HealthStatusEnum,
};
use futures_util::StreamExt;

use super::super::container::{LABEL_SPEC, Stage};
use super::super::{Container, Exit, Identity, Listed, LogOptions, Phase, Runtime};
use super::Docker;

/// Exit codes with which docker-init says that it could not execute the command.
const INIT_FAILURES: [i64; 2] = [126, 127];
/// How docker-init begins that line.
const INIT_PREFIX: &str = "[FATAL tini (";

/// One container of a list; none when it is not podling's.
pub fn listed(summary: ContainerSummary) -> Option<Listed> {
    let labels = summary.labels.unwrap_or_default();
    let name = summary.names.unwrap_or_default().into_iter().next();
    Some(Listed {
        id: summary.id?,
        name: name.unwrap_or_default().trim_start_matches('/').to_owned(),
        identity: Identity::from_labels(|key| labels.get(key))?,
        task: labels
            .get(LABEL_SPEC)
            .and_then(|spec| serde_json::from_str(spec).ok()),
        stage: match summary.state {
            Some(ContainerSummaryStateEnum::CREATED) => Stage::Created,
            Some(
                ContainerSummaryStateEnum::RUNNING
                | ContainerSummaryStateEnum::PAUSED
                | ContainerSummaryStateEnum::RESTARTING,
            ) => Stage::Running,
            _ => Stage::Exited,
        },
    })
}

/// A container as Docker shows it; `asked_for` when it does not even say its id.
pub fn container(asked_for: &str, found: ContainerInspectResponse) -> Container {
    let labels = found
        .config
        .and_then(|config| config.labels)
        .unwrap_or_default();
    let state = found.state.unwrap_or_default();
    Container {
        id: found.id.unwrap_or_else(|| asked_for.into()),
        identity: Identity::from_labels(|key| labels.get(key)),
        phase: phase(&state),
        health: health(&state),
    }
}

fn phase(state: &ContainerState) -> Phase {
    match state.status {
        Some(ContainerStateStatusEnum::CREATED) => Phase::Created,
        Some(
            ContainerStateStatusEnum::RUNNING
            | ContainerStateStatusEnum::PAUSED
            | ContainerStateStatusEnum::RESTARTING,
        ) => Phase::Running,
        _ => Phase::Exited(Exit {
            code: state.exit_code.unwrap_or_default(),
            out_of_memory: state.oom_killed.unwrap_or_default(),
            bad_command: None,
            being_removed: state.status == Some(ContainerStateStatusEnum::REMOVING),
        }),
    }
}

fn health(state: &ContainerState) -> Option<String> {
    let text = match state.health.as_ref()?.status? {
        HealthStatusEnum::STARTING => "starting",
        HealthStatusEnum::HEALTHY => "healthy",
        HealthStatusEnum::UNHEALTHY => "unhealthy",
        HealthStatusEnum::NONE | HealthStatusEnum::EMPTY => return None,
    };
    Some(text.into())
}

impl Docker {
    /// With docker-init as PID 1 a command that can't be executed is no error of the start: the
    /// container runs and ends at once, and only docker-init's last line says why.
    pub(super) async fn explain_bad_command(&self, container: &mut Container) {
        let Phase::Exited(exit) = &mut container.phase else {
            return;
        };
        if !INIT_FAILURES.contains(&exit.code) {
            return;
        }
        let last_line = LogOptions {
            stdout: false,
            tail: Some(1),
            ..LogOptions::default()
        };
        if let Some(Ok(line)) = self.logs(&container.id, last_line).next().await {
            exit.bad_command = init_failure(&String::from_utf8_lossy(&line));
        }
    }
}

/// `[FATAL tini (7)] exec /nope failed: No such file or directory` → from `exec` on.
fn init_failure(line: &str) -> Option<String> {
    let rest = line.strip_prefix(INIT_PREFIX)?;
    let (_pid, why) = rest.split_once(")] ")?;
    Some(why.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_inits_last_words_are_understood() {
        let line = "[FATAL tini (7)] exec /nope failed: No such file or directory\n";
        let why = init_failure(line);
        assert_eq!(
            why.as_deref(),
            Some("exec /nope failed: No such file or directory")
        );
        assert_eq!(init_failure("sh: nope: not found\n"), None);
    }

    #[test]
    fn a_container_on_its_way_out_is_known_as_such() {
        let state = ContainerState {
            status: Some(ContainerStateStatusEnum::REMOVING),
            exit_code: Some(137),
            ..ContainerState::default()
        };
        assert!(matches!(phase(&state), Phase::Exited(exit) if exit.being_removed));
    }

    #[test]
    fn a_paused_container_still_runs() {
        let state = ContainerState {
            status: Some(ContainerStateStatusEnum::PAUSED),
            ..ContainerState::default()
        };
        assert_eq!(phase(&state), Phase::Running);
    }
}
