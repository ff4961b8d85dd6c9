//! An amount as it is written in requests: a number, or a text such as `"500m"` or `"256Mi"`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A number (millicores of cpu, bytes of memory) or a text with a unit.
///
/// Answers always carry the number; [`crate::core::resources`] parses the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Quantity {
    /// Millicores or bytes.
    Number(u64),
    /// `"500m"`, `"2"`, `"0.5"` for cpu; `"256Mi"`, `"1G"`, `"1024"` for memory.
    Text(String),
}
