//! What a master is told at start.

use std::net::SocketAddr;
use std::time::Duration;

use crate::core::Policy;
use crate::store::Location;

/// What a master is told at start.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the API listens.
    pub bind: SocketAddr,
    /// Where committed changes rest.
    pub store: Location,
    /// The rules' settings.
    pub policy: Policy,
    /// A caller is answered "outcome unknown" when its change is not durable after so long.
    pub commit_timeout: Duration,
    /// The process ends when the store has failed for so long.
    pub store_give_up_after: Duration,
    /// Open requests get so long to end at shutdown, and then the store as long to take the last changes.
    pub shutdown_timeout: Duration,
}
