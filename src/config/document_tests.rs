//! The documents made of the table are those in the repository, and right.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use super::settings::SETTINGS;
use super::{Config, Sources, markdown, toml};

fn in_repository(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_annotated_file_in_the_repository_is_the_table() {
    let written = in_repository("podling.toml");
    assert_eq!(
        written,
        toml(),
        "the settings changed; write it anew: cargo run -- config --template toml >podling.toml"
    );
}

#[test]
fn the_annotated_file_with_all_comments_taken_away_is_what_holds_anyway() {
    let set = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
        _ => line.to_owned(),
    };
    let text: Vec<String> = toml().lines().map(set).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("podling.toml");
    std::fs::write(&path, text.join("\n")).unwrap();
    let without = Sources {
        data_dir: Some("/home/me/.local/state/podling".into()),
        ..Sources::default()
    };
    let config = Config::load(Sources {
        files: vec![path],
        ..without.clone()
    });
    config.standalone_options("my-laptop").unwrap();
    let default = Config::load(without);
    for (set, default) in config.rows().into_iter().zip(default.rows()) {
        assert_eq!(set.value, default.value, "{}", set.key);
    }
    assert!(
        config
            .rows()
            .iter()
            .filter(|row| row.source != "default")
            .count()
            > 15
    );
}

#[test]
fn the_table_in_the_readme_is_the_table() {
    let readme = in_repository("README.md");
    let (_, rest) = readme.split_once("<!-- settings: begin -->\n").unwrap();
    let (written, _) = rest.split_once("<!-- settings: end -->").unwrap();
    assert_eq!(
        written,
        markdown(),
        "the settings changed; put this between the marks: cargo run -- config --template markdown"
    );
}

#[test]
fn the_markdown_table_has_a_line_for_each_setting() {
    let table = markdown();
    for setting in SETTINGS {
        assert!(table.contains(&format!("| `{}` |", setting.key)));
    }
    assert!(table.contains("`PODLING_MASTER_STORE`, `STORE_TYPE`"));
}
