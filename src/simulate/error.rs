//! Why nodes could not be simulated, or not go on.

use std::io;

use super::MOST_NODES;
use crate::worker;

/// Why nodes could not be simulated, or not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There are no addresses for so many.
    #[error(
        "{0} nodes have no addresses: one process simulates 1 to {MOST_NODES}; start another one \
         with its own --prefix and --port for more"
    )]
    TooMany(u32),
    /// The port can't be listened on.
    #[error("can't listen on port {port} of the loopback addresses: {}", why(.error))]
    Listen {
        /// The port.
        port: u16,
        /// Why not.
        error: io::Error,
    },
    /// Each node may have a connection with the master at once.
    #[error(
        "{nodes} nodes need {needed} open files, and this process may have {allowed} (`ulimit -Hn`): \
         raise that limit, or simulate fewer nodes"
    )]
    OpenFiles {
        /// How many nodes were asked for.
        nodes: u32,
        /// File descriptors for them.
        needed: u64,
        /// The hard limit.
        allowed: u64,
    },
    /// The thread for HTTP requests can't be started.
    #[error("can't start the HTTP client: {0}")]
    Client(io::Error),
    /// One node can't go on, and so neither can the others.
    #[error("a simulated node can't go on: {0}")]
    Node(#[from] worker::Error),
}

fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "it is in use on this machine; stop what uses it, or choose another with --port".into()
        }
        io::ErrorKind::PermissionDenied => "not permitted; choose a port above 1023".into(),
        _ => error.to_string(),
    }
}
