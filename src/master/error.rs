//! Why a master can't start, or ended by itself.

use std::net::SocketAddr;

use super::committer;
use crate::store;

/// Why a master can't start, or ended by itself. One line, and perhaps a second one with a hint.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store can't be opened or read.
    #[error("store: {0}")]
    Store(#[from] store::Error),
    /// The API can't listen.
    #[error("can't listen on {address}: {why}\nhint: {hint}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        why: String,
        /// What to do.
        hint: &'static str,
    },
    /// The commit task gave up.
    #[error("store: {0}")]
    Commit(#[from] committer::Error),
    /// A part that has to run as long as the process has ended.
    #[error("{part} ended: {why}; ending the whole master, which can be started again")]
    Ended {
        /// Which.
        part: &'static str,
        /// How.
        why: String,
    },
    /// The system gave no thread or socket.
    #[error("{what}: {why}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it did not work.
        why: std::io::Error,
    },
}

impl Error {
    pub(super) fn listen(address: SocketAddr, error: &std::io::Error) -> Self {
        let (why, hint) = match error.kind() {
            std::io::ErrorKind::AddrInUse => (
                "the port is in use".to_owned(),
                "another master may be running; choose another port with --bind",
            ),
            std::io::ErrorKind::AddrNotAvailable => (
                "this host does not have that address".to_owned(),
                "choose one of this host's addresses with --bind",
            ),
            std::io::ErrorKind::PermissionDenied => (
                "permission denied".to_owned(),
                "ports below 1024 need root; choose another one with --bind",
            ),
            _ => (error.to_string(), "choose another address with --bind"),
        };
        Self::Listen { address, why, hint }
    }
}
