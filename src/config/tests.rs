//! Layers, precedence, and all errors at once.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::store::Location;

/// A directory with these files in it.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

pub(super) fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    pairs.iter().map(owned).collect()
}

pub(super) fn with_environment(pairs: &[(&str, &str)]) -> Config {
    Config::load(Sources {
        environment: variables(pairs),
        ..Sources::default()
    })
}

fn with_file(name: &str, text: &str) -> (Config, PathBuf) {
    let folder = folder(&[(name, text)]);
    let path = folder.path().join(name);
    let config = Config::load(Sources {
        files: vec![path.clone()],
        ..Sources::default()
    });
    (config, path)
}

fn problems(config: &Config) -> Vec<String> {
    let problems = config
        .check()
        .map_or_else(|error| error.problems, |()| vec![]);
    problems.iter().map(Problem::to_string).collect()
}

pub(super) fn row(config: &Config, key: &str) -> (String, String) {
    let row = config.rows().into_iter().find(|row| row.key == key);
    row.map(|row| (row.value, row.source)).unwrap()
}

#[test]
fn without_any_layer_the_defaults_hold() {
    let config = Config::load(Sources {
        data_dir: Some("/home/me/.local/state/podling".into()),
        ..Sources::default()
    });
    let (master, worker) = config.standalone_options("my-laptop").unwrap();
    assert_eq!(master.bind.to_string(), "127.0.0.1:8080");
    let data_dir = "/home/me/.local/state/podling".into();
    assert_eq!(master.store, Location::Sqlite { data_dir });
    assert_eq!(master.policy, crate::core::Policy::default());
    assert_eq!(worker.node_id, "my-laptop");
    assert_eq!(worker.master_url, "http://localhost:8080");
    assert_eq!((worker.port, worker.capacity), (8081, Some(110)));
    assert_eq!((worker.cpu_millicores, worker.memory_bytes), (None, None));
    assert_eq!(worker.heartbeat_interval, Duration::from_secs(30));
}

#[test]
fn a_node_timeout_alone_is_enough() {
    let timeout = |value: &str| Flag {
        key: "master.node-timeout",
        name: "--node-timeout",
        value: Raw::Text(value.into()),
    };
    for (value, probe_after_ms) in [("3s", 1_000), ("1s", 333), ("15s", 5_000), ("1h", 5_000)] {
        let config = Config::load(Sources {
            flags: vec![timeout(value)],
            data_dir: Some("/d".into()),
            ..Sources::default()
        });
        let policy = config.master_options().unwrap().policy;
        assert_eq!(policy.probe_after_ms, probe_after_ms, "{value}");
    }
    let mut sources = Sources {
        flags: vec![timeout("3s")],
        ..Sources::default()
    };
    sources.environment = variables(&[("PODLING_MASTER_PROBE_AFTER", "5s")]);
    let refused = Config::load(sources).master_options();
    assert!(refused.is_err(), "what was asked for is not changed");
}

#[test]
fn later_layers_win_and_the_source_is_known() {
    let folder = folder(&[
        (
            "a.toml",
            "[master]\nnode-timeout = \"1m\"\nprobe-after = \"2s\"\nstrategy = \"binpack\"",
        ),
        (
            "b.yaml",
            "master:\n  node-timeout: 2m\n  store: memory\nworker: {port: 9000}",
        ),
        ("named.toml", "[master]\nnode-timeout = \"3m\""),
        (
            ".env",
            "PODLING_MASTER_NODE_TIMEOUT=4m\nOTHER=1\nPODLING_OUTPUT='json'",
        ),
    ]);
    let path = |name: &str| folder.path().join(name);
    let shown = |name: &str| path(name).display().to_string();
    let mut sources = Sources {
        files: vec![path("a.toml"), path("not-there.toml"), path("b.yaml")],
        ..Sources::default()
    };
    let timeout = |sources: &Sources| {
        let config = Config::load(sources.clone());
        config.check().unwrap();
        row(&config, "master.node-timeout")
    };
    assert_eq!(timeout(&sources), ("2m".into(), shown("b.yaml")));
    sources.named_file = Some(path("named.toml"));
    assert_eq!(timeout(&sources), ("3m".into(), shown("named.toml")));
    sources.dotenv = Some(path(".env"));
    let dotenv = format!("{} PODLING_MASTER_NODE_TIMEOUT", shown(".env"));
    assert_eq!(timeout(&sources), ("4m".into(), dotenv));
    sources.environment = variables(&[("PODLING_MASTER_NODE_TIMEOUT", "5m")]);
    let variable = "PODLING_MASTER_NODE_TIMEOUT".into();
    assert_eq!(timeout(&sources), ("5m".into(), variable));
    sources.flags = vec![Flag {
        key: "master.node-timeout",
        name: "--node-timeout",
        value: Raw::Text("6m".into()),
    }];
    assert_eq!(timeout(&sources), ("6m".into(), "--node-timeout".into()));

    let config = Config::load(sources);
    let master = config.master_options().unwrap();
    assert_eq!(master.policy.node_timeout_ms, 360_000);
    assert_eq!(master.policy.probe_after_ms, 2_000);
    assert_eq!(master.policy.strategy, crate::core::Strategy::BinPack);
    assert_eq!(master.store, Location::Memory);
    assert!(config.json());
    assert_eq!(
        row(&config, "worker.port"),
        ("9000".into(), shown("b.yaml"))
    );
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let folder = folder(&[
        (
            "a.toml",
            "outptu = 1\n[mastre]\nbind = 1\n[master]\nfoo = 1\nstore = \"redis\"\n[worker]\nport = 70000",
        ),
        ("b.toml", "= nonsense"),
        ("c.yaml", "- a\n- b"),
        ("d.json", "{}"),
        (".env", "PODLING_MASTER_BNID=1"),
    ]);
    let path = |name: &str| folder.path().join(name);
    let config = Config::load(Sources {
        files: ["a.toml", "b.toml", "c.yaml", "d.json"].map(path).into(),
        named_file: Some(path("missing.toml")),
        dotenv: Some(path(".env")),
        environment: variables(&[
            ("STORE_TYPE", "mongo"),
            ("PODLING_MASTER_URI", "x"),
            ("PODLING_MASTER_DATABASE_URL", "mysql://u:secret@h/d"),
            ("HOME", "/"),
        ]),
        flags: vec![Flag {
            key: "worker.heartbeat-interval",
            name: "--heartbeat-interval",
            value: Raw::Text("soon".into()),
        }],
        data_dir: None,
    });
    let folder = folder.path().display().to_string();
    let problems = problems(&config).join("\n").replace(&folder, "");
    insta::assert_snapshot!(problems, @r#"
    /a.toml: unknown key "master.foo"; allowed in [master]: bind, store, database-url, data-dir, node-timeout, probe-after, strategy, task-ttl, commit-timeout, store-give-up-after, shutdown-timeout, insecure
    /a.toml: unknown key "mastre"; did you mean "master"?
    /a.toml: unknown key "outptu"; did you mean "output"?
    /b.toml: TOML parse error at line 1, column 1: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`
    /c.yaml: is no table of keys and values
    /d.json: is neither .toml nor .yaml
    /missing.toml: there is no such file
    /.env: unknown variable PODLING_MASTER_BNID; did you mean "PODLING_MASTER_BIND"?
    PODLING_MASTER_URI: unknown variable; did you mean "PODLING_MASTER_URL"?
    /a.toml: master.store = "redis" is not allowed; allowed: memory, sqlite, postgres
    /a.toml: worker.port = "70000" is not allowed; allowed: a port, 1 to 65535
    STORE_TYPE: "mongo" is not allowed; allowed: memory, sqlite, postgres
    PODLING_MASTER_DATABASE_URL: "mysql://u:***@h/d" is not allowed; allowed: a URL such as postgres://user:password@host:5432/podling
    --heartbeat-interval: "soon" is not allowed; allowed: a duration such as 500ms, 30s or 1h30m
    "#);
    // A master tells what it lacks together with all of that.
    let error = config.master_options().unwrap_err();
    let lacks = error.problems.last().unwrap().to_string();
    assert!(lacks.starts_with("master.data-dir: is needed"), "{lacks}");
    assert_eq!(error.problems.len(), problems.lines().count() + 1);
}

#[test]
fn an_env_file_of_another_program_is_read_as_far_as_it_is_ours() {
    let text = "OTHER=two words\nPODLING_OUTPUT=json\nDATABASE_URL=a secret\nexport X='1'\n";
    let folder = folder(&[(".env", text)]);
    let path = folder.path().join(".env");
    let place = path.display().to_string();
    let config = Config::load(Sources {
        dotenv: Some(path),
        ..Sources::default()
    });
    assert!(config.json());
    let told = format!("{place}: the line of DATABASE_URL can't be read; quote its value");
    assert_eq!(problems(&config), [told]);
}

#[test]
fn variables_of_other_programs_are_left_alone() {
    let other = [
        ("DATABASE_URL", "mysql://somebody@else/s"),
        ("PODLING_COMMIT", "abc"),
        ("PODLING", "1"),
        ("MASTER_URL", "x"),
        ("PODLING_SERVICE_HOST", "10.0.0.1"),
        ("PODLING_SERVICE_PORT_HTTP", "8080"),
        ("PODLING_PORT", "tcp://10.0.0.1:8080"),
        ("PODLING_PORT_8080_TCP_ADDR", "10.0.0.1"),
    ];
    assert_eq!(problems(&with_environment(&other)), [""; 0]);
}

#[test]
fn a_variable_that_looks_like_a_setting_is_not_taken_for_a_services() {
    let config = with_environment(&[("PODLING_MASTER_PORT", "9000")]);
    assert_eq!(problems(&config).len(), 1);
}

#[test]
fn an_empty_value_leaves_what_an_earlier_layer_said() {
    let folder = folder(&[
        (
            "a.toml",
            "[master]\ndata-dir = \"/a\"\n[worker]\ncpu = \"2\"",
        ),
        ("b.toml", "[master]\ndata-dir = \"\"\n[worker]\ncpu = \"\""),
    ]);
    let [a, b] = ["a.toml", "b.toml"].map(|name| folder.path().join(name));
    let shown = a.display().to_string();
    let config = Config::load(Sources {
        files: vec![a, b.clone()],
        ..Sources::default()
    });
    config.check().unwrap();
    assert_eq!(
        row(&config, "master.data-dir"),
        ("/a".into(), shown.clone())
    );
    assert_eq!(row(&config, "worker.cpu"), ("2".into(), shown));
    // Also what holds by default.
    let config = Config::load(Sources {
        files: vec![b],
        data_dir: Some("/default".into()),
        ..Sources::default()
    });
    let data_dir = "/default".into();
    let store = config.master_options().unwrap().store;
    assert_eq!(store, Location::Sqlite { data_dir });
}

#[test]
fn a_directory_of_a_files_name_is_nobodys_file() {
    let folder = tempfile::tempdir().unwrap();
    let [env, toml] = [".env", "podling.toml"].map(|name| folder.path().join(name));
    std::fs::create_dir(&env).unwrap();
    std::fs::create_dir(&toml).unwrap();
    let mut sources = Sources {
        files: vec![toml.clone()],
        dotenv: Some(env),
        ..Sources::default()
    };
    assert_eq!(problems(&Config::load(sources.clone())), [""; 0]);
    // One that was named has to be a file.
    sources.named_file = Some(toml);
    let named = problems(&Config::load(sources));
    assert!(named[0].contains("can't be read"), "{named:?}");
}

#[test]
fn labels_are_a_table_a_list_or_a_text() {
    let texts = [
        (
            "a.toml",
            "[worker]\nnode-id = \"n\"\n[worker.labels]\nzone = \"a\"\ndisk = \"ssd\"",
        ),
        (
            "a.toml",
            "[worker]\nnode-id = \"n\"\nlabels = [\"zone=a\", \"disk=ssd\"]",
        ),
        (
            "a.toml",
            "[worker]\nnode-id = \"n\"\nlabels = \"zone=a,disk=ssd\"",
        ),
        (
            "a.yml",
            "worker:\n  node-id: n\n  labels:\n    zone: a\n    disk: ssd",
        ),
    ];
    for (name, text) in texts {
        let labels = with_file(name, text).0.worker_options().unwrap().labels;
        let pairs = [("disk", "ssd"), ("zone", "a")];
        let expected = pairs.map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(labels, expected.into());
    }
    let (config, path) = with_file("a.toml", "[worker]\nlabels = [\"zone\"]");
    let path = path.display();
    assert_eq!(
        problems(&config),
        [format!(
            "{path}: worker.labels = \"zone\" is not allowed; allowed: key=value, separated by commas"
        )]
    );
}

#[test]
fn an_error_in_yaml_is_told_once_in_one_line() {
    let (config, path) = with_file("a.yaml", "master:\n  bind: [\nworker: }");
    let path = path.display();
    let mismatched = "line 2 column 9: mismatched bracket '[' closed by '}'";
    assert_eq!(problems(&config), [format!("{path}: {mismatched}")]);
}

#[test]
fn yaml_may_be_empty_and_its_words_are_no_surprise() {
    assert_eq!(problems(&with_file("a.yaml", "# nothing\n").0), [""; 0]);
    let text = "worker:\n  node-id: no\n  leave-running: yes\n  capacity: 5\n  cpu: 0.5";
    let worker = with_file("a.yaml", text).0.worker_options().unwrap();
    assert_eq!(worker.node_id, "no");
    assert!(worker.leave_running);
    assert_eq!(
        (worker.capacity, worker.cpu_millicores),
        (Some(5), Some(500))
    );
}

#[test]
fn durations_are_read_as_go_and_people_write_them() {
    let seconds = ["30s", "1h30m", "1m30s", "7d", "0", "1500ms"]
        .map(|text| duration(text).map(|duration| duration.as_secs_f64()));
    assert_eq!(seconds, [30.0, 5400.0, 90.0, 604_800.0, 0.0, 1.5].map(Some));
    assert_eq!(
        ["", "30", "-5s", "soon", "1 month"].map(duration),
        [None; 5]
    );
}

#[test]
fn passwords_are_masked_wherever_they_stand() {
    let masked = [
        ("postgres://u:p@h/d", "postgres://u:***@h/d"),
        ("postgres://u:p@ss@h/d", "postgres://u:***@h/d"),
        (
            "postgres://u@h/d?sslmode=require",
            "postgres://u@h/d?sslmode=require",
        ),
        (
            "postgres://h/d?user=u&password=p",
            "postgres://h/d?user=u&password=***",
        ),
        ("host=h password=p", "***"),
    ];
    for (url, shown) in masked {
        assert_eq!(mask_password(url), shown);
    }
}
