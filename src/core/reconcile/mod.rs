//! What the cluster does by itself: `(&State, Now) -> Vec<Change>`, and what a worker is told.
//!
//! Each function looks at the state as it is, remembers nothing, and does a bounded amount of
//! work; called again it goes on where there is something left to do.

mod brake;
mod differences;
mod drain;
pub(super) mod liveness;
mod nodes;
mod order;
mod place;
mod probe;
mod reap;

pub use differences::{Differences, differences};
pub use nodes::nodes;
pub use order::{Order, StopOrder, order};
#[cfg(test)]
use place::counted as place_counted;
pub use place::place;
pub use probe::to_probe;
pub use reap::{reap, reap_in_ms};

#[cfg(test)]
mod tests;
