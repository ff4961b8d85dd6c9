//! Why a request did not give what was asked: four kinds, because callers react in four ways.

use std::time::Duration;

/// Why a request did not give what was asked. Displays as one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection, or it broke before the answer was complete: whether the request was acted
    /// on is unknown.
    #[error("{url}: {why}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// `connection refused`, `the name can't be resolved` …
        why: String,
    },
    /// No complete answer in time: whether the request was acted on is unknown.
    #[error("{url}: no answer within {}", seconds(.after))]
    Timeout {
        /// What was asked.
        url: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// Answered, with a status of 400 or above (or a redirect, which is not followed).
    #[error("{error} (HTTP {status}, {code})")]
    Status {
        /// The HTTP status.
        status: u16,
        /// For programs: `not_found`, `name_in_use` …; `unknown` when the answer had none.
        code: String,
        /// For people, as the server said it.
        error: String,
        /// When to try again, when the server said so.
        retry_after: Option<Duration>,
    },
    /// Answered, but not with what the API promises: most likely another program is listening.
    #[error("{url}: the answer can't be read: {why}")]
    Malformed {
        /// What was asked.
        url: String,
        /// What is wrong with the answer.
        why: String,
    },
}

/// Why nobody could have seen the request.
pub(super) const REFUSED: &str = "connection refused";
pub(super) const UNRESOLVED: &str = "the host's name can't be resolved";

impl Error {
    /// The HTTP status, when there was an answer with one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Malformed { .. } => None,
        }
    }

    /// Answered with 404.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// There was no connection: nobody has seen the request.
    pub fn is_refused(&self) -> bool {
        match self {
            Self::Unreachable { why, .. } => [REFUSED, UNRESOLVED].contains(&why.as_str()),
            Self::Timeout { .. } | Self::Status { .. } | Self::Malformed { .. } => false,
        }
    }

    /// The same request may well succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } => true,
            Self::Status { status, .. } => matches!(status, 429 | 502 | 503 | 504),
            Self::Malformed { .. } => false,
        }
    }
}

fn seconds(duration: &Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
