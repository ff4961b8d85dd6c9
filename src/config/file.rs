//! Reading one configuration file, TOML or YAML by its extension, into flat `section.name` keys.

use std::path::Path;

use config::{FileFormat, Source, Value, ValueKind};

/// What stands in a file: a scalar as text, or a list. A table of labels is a list of `key=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    /// One value.
    Text(String),
    /// Several.
    Items(Vec<String>),
}

/// The keys and values of `text`; the error is one line.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<(String, Raw)>, String> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let table = match extension {
        Some("toml") => config::File::from_str(text, FileFormat::Toml)
            .collect()
            .map_err(|error| first_and_last_line(&error.to_string()))?,
        Some("yaml" | "yml") => yaml(text)?,
        _ => return Err("is neither .toml nor .yaml".into()),
    };
    let mut entries = Vec::new();
    for (key, value) in table {
        match value.kind {
            ValueKind::Table(section) if super::is_section(&key) => {
                let inner = section.into_iter();
                entries.extend(inner.map(|(name, value)| (format!("{key}.{name}"), raw(value))));
            }
            kind => entries.push((key, raw(kind.into()))),
        }
    }
    // The tables of the config crate are hash maps: without this, errors change their order.
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(entries)
}

fn yaml(text: &str) -> Result<config::Map<String, Value>, String> {
    // YAML 1.1's `no` and `on` are texts; the kinds decide what they mean.
    let options = serde_saphyr::options! { strict_booleans: true };
    let root: Option<Value> = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| first_line(&error.to_string()))?;
    match root.map(|root| root.kind) {
        None | Some(ValueKind::Nil) => Ok(config::Map::new()),
        Some(ValueKind::Table(table)) => Ok(table),
        Some(_) => Err("is no table of keys and values".into()),
    }
}

fn raw(value: Value) -> Raw {
    match value.kind {
        ValueKind::Array(items) => Raw::Items(items.iter().map(Value::to_string).collect()),
        ValueKind::Table(table) => {
            let mut items: Vec<String> = table.iter().map(|(k, v)| format!("{k}={v}")).collect();
            items.sort();
            Raw::Items(items)
        }
        ValueKind::Nil => Raw::Text(String::new()),
        scalar => Raw::Text(scalar.to_string()),
    }
}

/// YAML's parser says where and what in its first line, and then shows it.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or("can't be read");
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// TOML's parser shows where (first line) and what (last line), with the source between.
fn first_and_last_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next_back()) {
        (Some(first), Some(last)) => format!("{first}: {last}"),
        (Some(only), None) => only.to_owned(),
        _ => "can't be read".into(),
    }
}
