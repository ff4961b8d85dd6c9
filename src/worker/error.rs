//! Why a worker could not start, or not go on.

use std::net::SocketAddr;

use super::runtime;

/// Why a worker could not start, or not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its address can't be listened on.
    #[error("can't listen on {address}: {}", why(.error))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
    /// The HTTP server ended by itself.
    #[error("the HTTP server ended: {0}")]
    Server(std::io::Error),
    /// A part that must go on for ever ended.
    #[error("{0} ended unexpectedly: this is a mistake in podling")]
    Ended(&'static str),
    /// The thread for HTTP requests can't be started.
    #[error("can't start the HTTP client: {0}")]
    Client(std::io::Error),
    /// There can be no container engine at the address in `DOCKER_HOST`.
    #[error("DOCKER_HOST: {0}")]
    EngineAddress(runtime::Error),
    /// Another worker on this machine has its node id.
    #[error(
        "node id {0} is in use by another worker on this machine; give this one another --node-id"
    )]
    NodeIdInUse(String),
    /// Another worker, that the master hears of, listens at its address.
    #[error(
        "the master keeps refusing the address {address}: {why}; \
         give this worker another --hostname or --port"
    )]
    AddressTaken {
        /// Where this worker says it is.
        address: String,
        /// What the master said.
        why: String,
    },
    /// Another worker, that the master hears of, has its node id.
    #[error(
        "the master keeps refusing node id {node_id}: {why}; give this worker another --node-id"
    )]
    NodeIdTaken {
        /// The node id.
        node_id: String,
        /// What the master said.
        why: String,
    },
}

fn why(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "the port is in use; stop what uses it, or choose another with --port".into()
        }
        std::io::ErrorKind::PermissionDenied => "not permitted; choose a port above 1023".into(),
        _ => error.to_string(),
    }
}
