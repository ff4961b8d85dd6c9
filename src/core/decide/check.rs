//! Checks that several commands make of what they are given, each naming the field as the API does.

use crate::core::Rejection;

const LONGEST_NAME: usize = 128;
const LONGEST_LABEL: usize = 256;
/// A day: longer than any container needs to end, shorter than forgotten.
const LONGEST_GRACE_SECONDS: u32 = 86_400;

/// 30 days: a drain that long is most likely a mistake, such as milliseconds.
const LONGEST_DEADLINE_SECONDS: u64 = 2_592_000;

/// A field that can't be so.
pub fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Rejection {
    Rejection::Invalid {
        field: field.into(),
        problem: problem.into(),
    }
}

/// The name of a task, the id of a node.
pub fn name(field: &str, text: &str) -> Result<(), Rejection> {
    let fits = |(at, c): (usize, char)| {
        c.is_ascii_alphanumeric() || (at > 0 && matches!(c, '_' | '.' | '-'))
    };
    if text.is_empty() {
        return Err(invalid(field, "is required"));
    }
    if text.len() > LONGEST_NAME || !text.char_indices().all(fits) {
        let allowed = "must begin with a letter or a digit, go on with letters, digits, '_', '.' \
                       and '-', and have at most 128 characters";
        return Err(invalid(field, allowed));
    }
    Ok(())
}

/// Labels, of a task or a node.
pub fn labels<'a>(
    labels: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Result<(), Rejection> {
    for (key, value) in labels {
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == '=';
        if key.is_empty() || key.len() > LONGEST_LABEL || key.contains(odd) {
            let allowed = "a key must have 1 to 256 characters, and neither whitespace nor '='";
            return Err(invalid(format!("labels[{key:?}]"), allowed));
        }
        if value.contains('\0') {
            return Err(invalid(
                format!("labels[{key:?}]"),
                "must not hold a NUL character",
            ));
        }
    }
    Ok(())
}

/// Seconds between SIGTERM and SIGKILL.
pub fn grace_seconds(seconds: u32) -> Result<(), Rejection> {
    if seconds > LONGEST_GRACE_SECONDS {
        let allowed = format!("must be at most {LONGEST_GRACE_SECONDS} (a day)");
        return Err(invalid("gracePeriodSeconds", allowed));
    }
    Ok(())
}

/// Seconds until what still runs on a drained node is moved.
pub fn deadline_seconds(seconds: u64) -> Result<(), Rejection> {
    if seconds > LONGEST_DEADLINE_SECONDS {
        let allowed = format!("must be at most {LONGEST_DEADLINE_SECONDS} (30 days)");
        return Err(invalid("deadlineSeconds", allowed));
    }
    Ok(())
}
