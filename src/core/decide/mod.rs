//! What a command means: `(&State, Command, Now) -> Result<Vec<Change>, Rejection>`.
//!
//! One file per command. Nothing is changed here; whoever calls applies the changes, or does not.
//! No changes and no rejection means: it is so already.

use super::{Change, Command, Now, Rejection, State};

/// Decides what `command` changes.
pub fn decide(state: &State, command: Command, now: Now) -> Result<Vec<Change>, Rejection> {
    let _ = (state, now);
    match command {
        _ => Ok(vec![]),
    }
}
