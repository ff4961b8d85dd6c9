//! What a command means: `(&State, Command, Now) -> Result<Vec<Change>, Rejection>`.
//!
//! One file per command. Nothing is changed here; whoever calls applies the changes, or does not.
//! No changes and no rejection means: it is so already.

mod check;
mod decline;
mod deregister;
mod drain;
mod forget;
mod fresh_id;
mod heartbeat;
mod prune;
mod register;
mod release_brake;
mod remove;
mod report;
mod stop;
mod submit;
mod uncordon;

pub use prune::PRUNE_LIMIT;

use super::{Change, Command, Now, Rejection, State};

/// Decides what `command` changes.
pub fn decide(state: &State, command: Command, now: Now) -> Result<Vec<Change>, Rejection> {
    match command {
        Command::Submit(command) => submit::submit(state, command, now),
        Command::Stop(command) => stop::stop(state, &command, now),
        Command::Remove(command) => remove::remove(state, &command, now),
        Command::Report(report) => report::report(state, &report, now),
        Command::Decline(command) => decline::decline(state, &command, now),
        Command::Register(command) => register::register(state, &command, now),
        Command::Heartbeat(command) => heartbeat::heartbeat(state, &command, now),
        Command::Deregister(command) => deregister::deregister(state, &command, now),
        Command::Drain(command) => drain::drain(state, &command, now),
        Command::Uncordon(node) => uncordon::uncordon(state, &node, now),
        Command::Forget(node) => forget::forget(state, &node, now),
        Command::Prune => Ok(prune::prune(state, now)),
        Command::ReleaseBrake => Ok(release_brake::release_brake(state, now)),
    }
}

#[cfg(test)]
mod tests;
