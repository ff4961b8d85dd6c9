//! The one form every error answer has.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the body of every answer with a status of 400 and above looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// For people: what happened, to what, why, and what to do.
    pub error: String,
    /// For programs: stable, `snake_case`.
    pub code: String,
    /// Only with 404 for an unknown path: the text clients of the Go project print.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
