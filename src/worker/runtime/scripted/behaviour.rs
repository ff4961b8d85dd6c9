//! How containers of an image behave.

use std::time::Duration;

use crate::worker::runtime::Exit;

/// How containers of an image behave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// The engine takes so long to start them.
    pub starts_in: Duration,
    /// They end by themselves after so long; none: they run until they are stopped.
    pub runs_for: Option<Duration>,
    /// How they end by themselves.
    pub exit: Exit,
    /// SIGTERM does nothing to them.
    pub ignores_term: bool,
    /// What they write each time they are started.
    pub writes: Vec<String>,
}

impl Behaviour {
    /// Runs until it is stopped.
    pub fn service() -> Self {
        Self::default()
    }

    /// Ends after so long, with this exit code.
    pub fn job(runs_for: Duration, code: i64) -> Self {
        Self {
            runs_for: Some(runs_for),
            exit: Exit {
                code,
                ..Exit::default()
            },
            ..Self::default()
        }
    }
}
