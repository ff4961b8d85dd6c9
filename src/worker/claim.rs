//! One worker per node id on a machine: two would adopt, stop and sign off each other's containers.
//!
//! The claim is an abstract unix socket: the kernel lets it go when its process ends, however it
//! ends, and leaves nothing behind that a new worker would have to judge.

use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use super::Error;

/// The longest name of an abstract socket (`unix(7)`: 108 bytes, the first of them zero).
const LONGEST_NAME: usize = 107;

/// A node id that no other worker on this machine can have, until this is dropped.
#[derive(Debug)]
pub struct Claim(#[expect(dead_code, reason = "held, never read")] Option<UnixListener>);

impl Claim {
    /// Takes the node id.
    ///
    /// # Errors
    /// Another worker on this machine has it.
    pub fn take(node_id: &str) -> Result<Self, Error> {
        let bound = SocketAddr::from_abstract_name(name(node_id))
            .and_then(|address| UnixListener::bind_addr(&address));
        match bound {
            Ok(socket) => Ok(Self(Some(socket))),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                Err(Error::NodeIdInUse(node_id.into()))
            }
            Err(error) => {
                // Better without this guard than not at all: the master refuses a second one too.
                log::warn!("can't make sure that no other worker here is {node_id}: {error}");
                Ok(Self(None))
            }
        }
    }
}

/// Node ids may be longer than what fits: of those the end is replaced by a hash of the whole.
fn name(node_id: &str) -> String {
    let name = format!("podling-worker-{node_id}");
    match name.get(..LONGEST_NAME - 16) {
        Some(begin) if name.len() > LONGEST_NAME => format!("{begin}{:016x}", hash(&name)),
        _ => name,
    }
}

/// FNV-1a: the same in every build, unlike the standard library's.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unique(rest: &str) -> String {
        format!("claim-{}-{rest}", std::process::id())
    }

    #[test]
    fn a_node_id_is_had_by_one_at_a_time() {
        let (id, other) = (unique("a"), unique("b"));
        let first = Claim::take(&id).unwrap();
        let refused = Claim::take(&id).unwrap_err().to_string();
        assert_eq!(
            refused,
            format!(
                "node id {id} is in use by another worker on this machine; \
                 give this one another --node-id"
            )
        );
        let _another = Claim::take(&other).unwrap();
        drop(first);
        Claim::take(&id).unwrap();
    }

    #[test]
    fn the_longest_ids_are_told_apart() {
        let long = |end: &str| format!("{}{end}", unique(&"x".repeat(110)));
        let _first = Claim::take(&long("a")).unwrap();
        assert!(Claim::take(&long("a")).is_err());
        let _second = Claim::take(&long("b")).unwrap();
    }
}
