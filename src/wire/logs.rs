//! What is asked of a log.

use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

/// The query of `GET …/tasks/{id}/logs`, at the master and at a worker.
///
/// Texts where a wrong value is to be answered by name and not as a bad query.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogQuery {
    /// The last so many lines, or `all`; 100 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tail: Option<String>,
    /// Go on until the task ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow: Option<bool>,
    /// Only what is newer: RFC 3339, or seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Put its time before each line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<bool>,
    /// `stdout`, `stderr` or both with a comma between; both when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
}

impl LogQuery {
    /// What `since` says, as seconds since 1970.
    ///
    /// # Errors
    /// It can't be read: what it has to be.
    pub fn since_seconds(&self) -> Result<Option<i64>, String> {
        let Some(text) = self.since.as_deref() else {
            return Ok(None);
        };
        let time = || text.parse::<jiff::Timestamp>().map(|time| time.as_second());
        match text.parse().or_else(|_| time()) {
            Ok(seconds) => Ok(Some(seconds)),
            Err(_) => Err(format!(
                "since: {text:?} is neither RFC 3339 (2026-01-31T12:00:00Z) nor seconds since 1970"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_time_or_seconds() {
        let since = |text: &str| {
            let since = Some(text.to_owned());
            let query = LogQuery {
                since,
                ..LogQuery::default()
            };
            query.since_seconds()
        };
        assert_eq!(LogQuery::default().since_seconds(), Ok(None));
        assert_eq!(since("12"), Ok(Some(12)));
        assert_eq!(since("1970-01-01T00:01:00Z"), Ok(Some(60)));
        for text in ["yesterday", "", "10m"] {
            assert!(since(text).unwrap_err().starts_with("since: "), "{text}");
        }
    }
}
