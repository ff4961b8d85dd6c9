//! The configuration: layers, each checked against one table, later ones winning.
//!
//! Defaults, `/etc/podling/podling.toml`, `./podling.toml`, `~/.podling.toml` or `.yaml`, the file
//! named by `--config`, `.env`, the environment, flags. Everything that is wrong in any of them is
//! found before anything is done, and told at once.
//!
//! [`settings::SETTINGS`] is the one list of what can be set; this module knows no setting by
//! name, except where [`options`](self) makes the master's and the worker's options of them.

mod document;
#[cfg(test)]
mod document_tests;
mod error;
mod file;
mod kind;
mod layers;
mod options;
#[cfg(test)]
mod options_tests;
pub mod settings;
mod suggest;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use document::{markdown, toml};
pub use error::{Error, Problem};
pub use file::Raw;
pub(crate) use kind::duration;
pub use kind::{Kind, Value};
pub use layers::{Flag, Sources};
use settings::{SETTINGS, Setting};

/// What is in force, and where each value comes from.
#[derive(Debug, Clone)]
pub struct Config {
    values: BTreeMap<&'static str, Resolved>,
    problems: Vec<Problem>,
    /// Keys of which a value was not allowed, which is among the problems.
    refused: BTreeSet<&'static str>,
}

#[derive(Debug, Clone)]
struct Resolved {
    value: Value,
    text: String,
    source: String,
}

/// One line of `podling config`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Row {
    /// The setting's key.
    pub key: &'static str,
    /// Its value as it was written; passwords masked; empty when it is not set.
    pub value: String,
    /// `default`, a file, a variable or a flag.
    pub source: String,
}

impl Config {
    /// Reads all layers. What is wrong is kept for [`Config::check`], so that whoever needs more
    /// than the layers (a master, a worker) can tell everything at once.
    pub fn load(sources: Sources) -> Self {
        let mut problems = Vec::new();
        let mut refused = BTreeSet::new();
        let mut values = defaults(&sources);
        for entry in sources.entries(&mut problems) {
            // As good as left out, where a setting may be left out.
            if entry.setting.default.is_empty() && entry.raw == Raw::Text(String::new()) {
                continue;
            }
            match read(&entry) {
                Ok(resolved) => {
                    values.insert(entry.setting.key, resolved);
                }
                Err(problem) => {
                    problems.push(problem);
                    refused.insert(entry.setting.key);
                }
            }
        }
        fit_probe_after(&mut values);
        Self {
            values,
            problems,
            refused,
        }
    }

    /// Whether all that was found is right.
    ///
    /// # Errors
    /// Everything that is not.
    pub fn check(&self) -> Result<(), Error> {
        fail_on(self.problems.clone())
    }

    /// Where the master is.
    pub fn master_url(&self) -> &str {
        self.text("master-url").unwrap_or_default()
    }

    /// Whether the commands print JSON.
    pub fn json(&self) -> bool {
        self.text("output") == Some("json")
    }

    /// What `podling health` asks, when it is named: by the health-url, or by `--master`, which beats
    /// a health-url that is no flag.
    pub fn health_url(&self) -> Option<&str> {
        let by_flag = |key: &str| self.values[key].source.starts_with("--");
        match self.text("health-url") {
            Some(url) if by_flag("health-url") || !by_flag("master-url") => Some(url),
            Some(_) | None => by_flag("master-url").then(|| self.master_url()),
        }
    }

    /// Every setting with its value and where it comes from, in the table's order.
    pub fn rows(&self) -> Vec<Row> {
        let row = |setting: &'static Setting| {
            let resolved = &self.values[setting.key];
            Row {
                key: setting.key,
                value: masked(setting.kind, &resolved.text),
                source: resolved.source.clone(),
            }
        };
        SETTINGS.iter().map(row).collect()
    }

    fn value(&self, key: &str) -> &Value {
        &self.values[key].value
    }

    /// The value of a setting that is a text; none when it is not set.
    fn text(&self, key: &str) -> Option<&str> {
        match self.value(key) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn fail_on(problems: Vec<Problem>) -> Result<(), Error> {
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error { problems }),
    }
}

/// Whether files may have a table of this name.
fn is_section(name: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.section() == name)
}

fn defaults(sources: &Sources) -> BTreeMap<&'static str, Resolved> {
    let default = |setting: &'static Setting| {
        let text = match setting.key {
            "master.data-dir" => sources
                .data_dir
                .as_ref()
                .map(|dir| dir.display().to_string()),
            _ => None,
        };
        let text = text.unwrap_or_else(|| setting.default.to_owned());
        let value = match text.as_str() {
            "" => None,
            text => setting.kind.read(text),
        };
        let resolved = Resolved {
            value: value.unwrap_or(Value::None),
            text,
            source: "default".into(),
        };
        (setting.key, resolved)
    };
    SETTINGS.iter().map(default).collect()
}

/// Who says only how soon a node is lost means that it is asked in time, too.
fn fit_probe_after(values: &mut BTreeMap<&'static str, Resolved>) {
    let Some(Value::Duration(timeout)) = values.get("master.node-timeout").map(|it| &it.value)
    else {
        return;
    };
    let third = *timeout / 3;
    if let Some(probe_after) = values.get_mut("master.probe-after")
        && probe_after.source == "default"
        && matches!(probe_after.value, Value::Duration(after) if after > third)
    {
        probe_after.text = format!("{}ms", third.as_millis());
        probe_after.value = Value::Duration(third);
    }
}

fn read(entry: &layers::Entry) -> Result<Resolved, Problem> {
    let setting = entry.setting;
    let (value, text) = match &entry.raw {
        Raw::Text(text) => (entry.kind.read(text), text.clone()),
        Raw::Items(items) => (entry.kind.read_items(items), items.join(",")),
    };
    let source = match entry.key.as_str() {
        key if key.starts_with("PODLING_") || setting.also.contains(&key) => {
            format!("{} {key}", entry.place)
        }
        _ => entry.place.clone(),
    };
    match value {
        Some(value) => Ok(Resolved {
            value,
            text,
            source,
        }),
        None => {
            let key = match entry.key.as_str() {
                "" => String::new(),
                key => format!("{key} = "),
            };
            let shown = masked(setting.kind, &text);
            let allowed = setting.kind.allowed();
            Err(Problem {
                place: entry.place.clone(),
                text: format!("{key}{shown:?} is not allowed; allowed: {allowed}"),
            })
        }
    }
}

/// The text without the password in it.
fn masked(kind: Kind, text: &str) -> String {
    match kind {
        Kind::DatabaseUrl => mask_password(text),
        _ => text.to_owned(),
    }
}

/// `postgres://user:***@host/db`; also where the password is a parameter.
fn mask_password(url: &str) -> String {
    let (url, parameters) = url.split_once('?').unwrap_or((url, ""));
    let mut shown = match url.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((user, host)) => {
                let user = user
                    .split_once(':')
                    .map_or(user.to_owned(), |(u, _)| format!("{u}:***"));
                format!("{scheme}://{user}@{host}")
            }
            None => url.to_owned(),
        },
        // Not a URL at all: nobody knows what part of it is secret.
        None if url.contains("password") => "***".to_owned(),
        None => url.to_owned(),
    };
    for (number, parameter) in parameters.split('&').filter(|p| !p.is_empty()).enumerate() {
        shown.push(if number == 0 { '?' } else { '&' });
        match parameter.split_once('=') {
            Some((name, _)) if name.contains("password") => shown += &format!("{name}=***"),
            _ => shown += parameter,
        }
    }
    shown
}
