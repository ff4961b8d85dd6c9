//! The only place that prints. What was asked for goes to stdout, what is said about it to stderr.

use std::io::{self, Write};

use serde::Serialize;

/// How results are printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    /// `-o json`
    pub json: bool,
}

impl Output {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints one result, as JSON or as this text.
    pub fn result(self, value: &impl Serialize, text: impl FnOnce() -> String) -> io::Result<()> {
        match self.json {
            true => json(value),
            false => line(&text()),
        }
    }
}

/// A line on stdout.
pub(super) fn line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

/// Bytes on stdout, as they are.
pub(super) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// A value as indented JSON on stdout.
pub(super) fn json(value: &impl Serialize) -> io::Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// A value as one line of JSON on stdout, for streams.
pub(super) fn json_line(value: &impl Serialize) -> io::Result<()> {
    line(&serde_json::to_string(value)?)
}

/// A remark on stderr.
pub(super) fn note(text: &str) {
    // Nobody is left to be told when stderr is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

/// What failed, on stderr.
pub(super) fn error(text: &str) {
    note(&format!("error: {text}"));
}

/// What to do about it, on stderr.
pub(super) fn hint(text: &str) {
    note(&format!("hint: {text}"));
}
