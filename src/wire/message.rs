//! The answer of what has nothing to show.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was done, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// One line.
    pub message: String,
}
