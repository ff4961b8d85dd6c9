//! What a setting's value may look like: reading it from text, and saying what is allowed.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

use crate::core::resources::{parse_cpu, parse_memory};

/// What a setting's value may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `http://host:port`.
    Url,
    /// `postgres://…`.
    DatabaseUrl,
    /// An IP address with a port.
    Address,
    /// An IP address.
    Ip,
    /// 1 to 65535.
    Port,
    /// A name as tasks and nodes have it.
    Name,
    /// A host's name or address.
    Host,
    /// A directory.
    Path,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// True or false.
    Flag,
    /// More than nothing.
    Duration,
    /// Also `0`: at once.
    DurationOrNow,
    /// `0` and `never` mean: without end.
    DurationOrNever,
    /// 1 or more, or `unlimited`.
    Count,
    /// Cores.
    Cpu,
    /// Bytes.
    Memory,
    /// `key=value`, any number of them.
    Labels,
}

/// A value that was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Not set, `never` or `unlimited`.
    None,
    /// URLs, names, words, paths.
    Text(String),
    /// True or false.
    Flag(bool),
    /// A span of time.
    Duration(Duration),
    /// Counts, ports, millicores, bytes.
    Number(u64),
    /// An IP address with a port.
    Address(SocketAddr),
    /// An IP address.
    Ip(IpAddr),
    /// Labels.
    Labels(BTreeMap<String, String>),
}

impl Kind {
    /// What may be written, for people.
    pub fn allowed(self) -> String {
        match self {
            Self::Url => {
                "a URL such as http://localhost:8080 (no https: there is no TLS yet)".into()
            }
            Self::DatabaseUrl => "a URL such as postgres://user:password@host:5432/podling".into(),
            Self::Address => {
                "an IP address with a port, such as 127.0.0.1:8080 or [::1]:8080".into()
            }
            Self::Ip => "an IP address, such as 127.0.0.1 or ::1".into(),
            Self::Port => "a port, 1 to 65535".into(),
            Self::Name => {
                "1 to 128 letters, digits, \"_\", \".\", \"-\", beginning with a letter or digit"
                    .into()
            }
            Self::Host => "a host's name or IP address".into(),
            Self::Path => "a directory".into(),
            Self::Choice(words) => words.join(", "),
            Self::Flag => "true, false".into(),
            Self::Duration => "a duration such as 500ms, 30s or 1h30m".into(),
            Self::DurationOrNow => "a duration such as 30s or 1h30m; 0: at once".into(),
            Self::DurationOrNever => "a duration such as 12h or 7d; never".into(),
            Self::Count => "a number, 1 or more; unlimited".into(),
            Self::Cpu => "cores, such as 2, 0.5 or 500m".into(),
            Self::Memory => "bytes, such as 536870912, 512Mi or 2G".into(),
            Self::Labels => "key=value, separated by commas".into(),
        }
    }

    /// Reads it; none when it is not allowed.
    pub fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::Url => is_url(text).then(|| Value::Text(text.into())),
            Self::DatabaseUrl => is_database_url(text).then(|| Value::Text(text.into())),
            Self::Address => text.parse().ok().map(Value::Address),
            Self::Ip => text.parse().ok().map(Value::Ip),
            Self::Port => number(text, 1, 65535),
            Self::Name => is_name(text).then(|| Value::Text(text.into())),
            Self::Host => is_host(text).then(|| Value::Text(text.into())),
            Self::Path => (!text.is_empty()).then(|| Value::Text(text.into())),
            Self::Choice(words) => words.contains(&text).then(|| Value::Text(text.into())),
            Self::Flag => flag(text).map(Value::Flag),
            Self::Duration => duration(text).filter(|d| !d.is_zero()).map(Value::Duration),
            Self::DurationOrNow => duration(text).map(Value::Duration),
            Self::DurationOrNever if text == "never" => Some(Value::None),
            Self::DurationOrNever => duration(text).map(|d| match d.is_zero() {
                true => Value::None,
                false => Value::Duration(d),
            }),
            Self::Count if text == "unlimited" => Some(Value::None),
            Self::Count => number(text, 1, u32::MAX.into()),
            Self::Cpu => amount(parse_cpu(text)),
            Self::Memory => amount(parse_memory(text)),
            Self::Labels => labels(text.split(',').filter(|label| !label.is_empty())),
        }
    }

    /// Reads a list; none when the kind has no lists, or one item is not allowed.
    pub fn read_items(self, items: &[String]) -> Option<Value> {
        match self {
            Self::Labels => labels(items.iter().map(String::as_str)),
            _ => None,
        }
    }
}

fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("http://") else {
        return false;
    };
    let authority = rest.trim_end_matches('/');
    !authority.is_empty() && !authority.contains(['/', '?', '#', '@', ' '])
}

fn is_database_url(text: &str) -> bool {
    ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme))
}

/// As WIRE.md has it for tasks and nodes: `[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}`.
fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    text.len() <= 128
        && text.bytes().all(inner)
        && text
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric())
}

fn is_host(text: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-:[]".contains(&byte);
    !text.is_empty() && text.bytes().all(part)
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn number(text: &str, least: u64, most: u64) -> Option<Value> {
    let number = text.parse().ok()?;
    (least..=most)
        .contains(&number)
        .then_some(Value::Number(number))
}

/// More than nothing.
fn amount(read: Result<u64, String>) -> Option<Value> {
    read.ok().filter(|amount| *amount > 0).map(Value::Number)
}

/// `30s`, `1h30m`, `500ms`, `7d`, `0`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    // Also ISO 8601 is understood by jiff; the units in front of it are what is documented.
    let span: Span = text.parse().ok()?;
    let exact = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    exact.try_into().ok()
}

fn labels<'a>(labels: impl Iterator<Item = &'a str>) -> Option<Value> {
    let pair = |label: &str| {
        let (key, value) = label.split_once('=')?;
        let key = key.trim();
        (!key.is_empty()).then(|| (key.to_owned(), value.trim().to_owned()))
    };
    labels.map(pair).collect::<Option<_>>().map(Value::Labels)
}
