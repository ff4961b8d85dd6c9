//! Every setting, once. From this table come the validation of all layers, `podling config`, the
//! annotated `podling.toml` and the table in the README: a setting is added here and nowhere else.

use super::Kind;

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// `section.name` as in a TOML file, or a name alone.
    pub key: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What holds when nobody sets it; empty: not set, and `unset` says what that means.
    pub default: &'static str,
    /// What it means when it is not set.
    pub unset: &'static str,
    /// Environment variables besides the one made of the key; that one beats these.
    pub also: &'static [&'static str],
    /// What it does.
    pub help: &'static str,
}

impl Setting {
    /// The setting of this key.
    pub fn find(key: &str) -> Option<&'static Setting> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }

    /// `master` of `master.bind`; empty at the top level.
    pub fn section(&self) -> &'static str {
        self.key.split_once('.').map_or("", |(section, _)| section)
    }

    /// `bind` of `master.bind`.
    pub fn name(&self) -> &'static str {
        self.key.split_once('.').map_or(self.key, |(_, name)| name)
    }

    /// `PODLING_MASTER_BIND` of `master.bind`.
    pub fn variable(&self) -> String {
        let key = self.key.to_ascii_uppercase().replace(['.', '-'], "_");
        format!("PODLING_{key}")
    }
}

const fn setting(
    key: &'static str,
    kind: Kind,
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        key,
        kind,
        default,
        unset: "",
        also: &[],
        help,
    }
}

const fn unset(key: &'static str, kind: Kind, unset: &'static str, help: &'static str) -> Setting {
    Setting {
        key,
        kind,
        default: "",
        unset,
        also: &[],
        help,
    }
}

const fn also(setting: Setting, variables: &'static [&'static str]) -> Setting {
    Setting {
        also: variables,
        ..setting
    }
}

/// Every setting, in the order of the documents.
pub const SETTINGS: &[Setting] = &[
    setting(
        "master-url",
        Kind::Url,
        "http://localhost:8080",
        "Where the master is: for the commands and for workers.",
    ),
    setting(
        "output",
        Kind::Choice(&["table", "json"]),
        "table",
        "What the commands print.",
    ),
    unset(
        "health-url",
        Kind::Url,
        "in a container what runs there, else the master-url",
        "What `podling health` asks.",
    ),
    setting(
        "master.bind",
        Kind::Address,
        "127.0.0.1:8080",
        "Where the API listens. Anything but loopback needs `insecure`.",
    ),
    also(
        setting(
            "master.store",
            Kind::Choice(&["memory", "sqlite", "postgres"]),
            "sqlite",
            "Where the state rests: nowhere, in the data directory, or in a PostgreSQL database.",
        ),
        &["STORE_TYPE"],
    ),
    also(
        unset(
            "master.database-url",
            Kind::DatabaseUrl,
            "needed for store = \"postgres\"",
            "The PostgreSQL database.",
        ),
        &["DATABASE_URL"],
    ),
    also(
        unset(
            "master.data-dir",
            Kind::Path,
            "/var/lib/podling for root, else $XDG_STATE_HOME/podling or ~/.local/state/podling",
            "The directory of the SQLite database; made when it is not there.",
        ),
        &["PODLING_DATA_DIR"],
    ),
    setting(
        "master.node-timeout",
        Kind::Duration,
        "15s",
        "A node neither heard nor answering for so long is offline, and its tasks move.",
    ),
    setting(
        "master.probe-after",
        Kind::Duration,
        "5s",
        "A node silent for so long is asked whether it is there. Less than node-timeout; by default never more than a third of it.",
    ),
    setting(
        "master.strategy",
        Kind::Choice(&["spread", "binpack"]),
        "spread",
        "Which node gets a task: the least loaded, or the most loaded that still has room.",
    ),
    setting(
        "master.task-ttl",
        Kind::DurationOrNever,
        "24h",
        "An ended task, its container and its log are removed after so long.",
    ),
    setting(
        "master.commit-timeout",
        Kind::Duration,
        "5s",
        "A request is answered with 503, \"outcome unknown\", when the store takes longer.",
    ),
    setting(
        "master.store-give-up-after",
        Kind::Duration,
        "60s",
        "The master ends when its store has failed for so long.",
    ),
    setting(
        "master.shutdown-timeout",
        Kind::DurationOrNow,
        "10s",
        "Open requests get so long to end at shutdown, and then the store as long to take the last changes.",
    ),
    setting(
        "master.insecure",
        Kind::Flag,
        "false",
        "Listen on addresses others can reach, although nobody is asked who they are.",
    ),
    unset(
        "worker.node-id",
        Kind::Name,
        "must be given (standalone: the machine's name)",
        "The node's id: the same after each restart, another one on each host.",
    ),
    unset(
        "worker.hostname",
        Kind::Host,
        "the address of `bind`, or localhost",
        "Where the master reaches this worker.",
    ),
    setting(
        "worker.bind",
        Kind::Ip,
        "127.0.0.1",
        "The address to listen on. Anything but loopback needs `insecure`.",
    ),
    setting("worker.port", Kind::Port, "8081", "The port to listen on."),
    setting(
        "worker.heartbeat-interval",
        Kind::Duration,
        "30s",
        "How often the worker reports when nothing happens.",
    ),
    setting(
        "worker.shutdown-timeout",
        Kind::DurationOrNow,
        "30s",
        "At shutdown the worker is gone after so long: what has not ended up to 12 s before is stopped.",
    ),
    setting(
        "worker.capacity",
        Kind::Count,
        "110",
        "So many tasks at once.",
    ),
    unset(
        "worker.cpu",
        Kind::Cpu,
        "what the engine's host has",
        "Cores for tasks.",
    ),
    unset(
        "worker.memory",
        Kind::Memory,
        "what the engine's host has",
        "Memory for tasks.",
    ),
    unset("worker.labels", Kind::Labels, "none", "Labels of the node."),
    setting(
        "worker.leave-running",
        Kind::Flag,
        "false",
        "Leave containers running at shutdown, for the next start of this worker.",
    ),
    setting(
        "worker.insecure",
        Kind::Flag,
        "false",
        "Listen on addresses others can reach, although nobody is asked who they are.",
    ),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_default_is_allowed_and_every_other_setting_says_what_it_is_without() {
        for setting in SETTINGS {
            match setting.default {
                "" => assert!(!setting.unset.is_empty(), "{}", setting.key),
                default => assert!(setting.kind.read(default).is_some(), "{}", setting.key),
            }
        }
    }

    #[test]
    fn keys_and_variables_are_unique() {
        let variables = |setting: &Setting| {
            let also = setting.also.iter().map(|name| name.to_string());
            also.chain([setting.variable()]).collect::<Vec<_>>()
        };
        let all: Vec<String> = SETTINGS.iter().flat_map(variables).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(
            Setting::find("master.data-dir").unwrap().variable(),
            "PODLING_MASTER_DATA_DIR"
        );
    }
}
