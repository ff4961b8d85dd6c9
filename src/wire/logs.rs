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
