//! The table of settings as documents: the annotated `podling.toml` and the README's table. Tests
//! compare both with the files in the repository.

use std::fmt::Write as _;

use super::Kind;
use super::settings::{SETTINGS, Setting};

const HEAD: &str = "\
# The configuration of podling with every setting, what it is when nobody sets it, and what it may
# be. Take the # away before the ones you change.
#
# Later ones win: /etc/podling/podling.toml, ./podling.toml, ~/.podling.toml or ~/.podling.yaml, the
# file named by --config, .env, the environment, flags. An unknown key or a value that is not
# allowed is an error. `podling config` shows what is in force and where each value comes from.
";

/// The annotated `podling.toml`.
pub fn toml() -> String {
    let mut text = HEAD.to_owned();
    let mut section = "";
    for setting in SETTINGS {
        if setting.section() != section {
            section = setting.section();
            let _ = write!(text, "\n[{section}]\n");
        }
        let allowed = setting.kind.allowed();
        let _ = write!(text, "\n# {}\n# Allowed: {allowed}.", setting.help);
        if !setting.unset.is_empty() {
            let _ = write!(text, " Not set: {}.", setting.unset);
        }
        let _ = write!(
            text,
            "\n# Variable: {}\n#{} = {}\n",
            variables(setting),
            setting.name(),
            toml_value(setting)
        );
    }
    text
}

fn toml_value(setting: &Setting) -> String {
    match setting.kind {
        Kind::Flag | Kind::Port | Kind::Count => setting.default.to_owned(),
        Kind::Labels => "{}".to_owned(),
        _ => format!("{:?}", setting.default),
    }
}

/// The same as a Markdown table.
pub fn markdown() -> String {
    let mut text = "| key | default | variable | what it does |\n|---|---|---|---|\n".to_owned();
    for setting in SETTINGS {
        let default = match setting.default {
            "" => setting.unset.to_owned(),
            default => format!("`{default}`"),
        };
        let variables = variables(setting).replace(", ", "`, `");
        let _ = writeln!(
            text,
            "| `{}` | {default} | `{variables}` | {} |",
            setting.key, setting.help
        );
    }
    text
}

fn variables(setting: &Setting) -> String {
    let own = setting.variable();
    let all = [own.as_str()]
        .into_iter()
        .chain(setting.also.iter().copied());
    all.collect::<Vec<_>>().join(", ")
}
