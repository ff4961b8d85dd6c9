//! Between the API's types and the core's: shapes only, no rules.
//!
//! What can't be read (a quantity, a status) is refused here by the field's name; whether what was
//! read is allowed is decided in `core`.

mod event;
mod node;
mod submit;
mod task;

pub use event::event;
pub use node::{heartbeat, node, register, stop_order};
pub use submit::{fingerprint, spec};
pub use task::{ordered, report, reported, status, task};

use crate::core::{Rejection, Timestamp};

/// A moment as the API writes it.
fn time(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Rejection {
    Rejection::Invalid {
        field: field.into(),
        problem: problem.into(),
    }
}

/// An empty text is what a Go client sends for nothing.
fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
