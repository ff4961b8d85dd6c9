//! The one listener of all nodes.
//!
//! A socket listens at one address or at all of them. Thousands of sockets would be thousands of open
//! files for nothing, so it is all of them, of the loopback interface only: `SO_BINDTODEVICE` makes
//! the kernel refuse whoever calls another address, from outside or from here, before this process
//! sees a connection. Where the kernel does not allow that (before Linux 5.7, without privileges) a
//! connection to another address comes in and every request on it is refused, because no node has
//! that address; for 127.0.0.0/8 itself the kernel lets nobody in from outside.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use tokio::net::TcpSocket;

use super::Error;
use crate::http::ask_the_silent;

const LOOPBACK: &[u8] = b"lo";
/// Connections that may wait to be taken.
const BACKLOG: u32 = 4096;

/// Listens on this port of every loopback address.
///
/// # Errors
/// The port is in use on this machine, or may not be used.
pub fn open(port: u16) -> Result<TcpListener, Error> {
    listen(port).map_err(|error| Error::Listen { port, error })
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    if let Err(error) = socket.bind_device(Some(LOOPBACK)) {
        log::warn!(
            "can't bind to the loopback interface ({error}): others can connect to port {port}, and \
             are refused"
        );
    }
    socket.set_reuseaddr(true)?;
    ask_the_silent(&socket)?;
    socket.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))?;
    socket.listen(BACKLOG)?.into_std()
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn every_loopback_address_leads_in_and_the_port_is_taken() {
        let listener = open(0).unwrap();
        let port = listener.local_addr().unwrap().port();
        for address in [[127, 1, 0, 1], [127, 1, 99, 250]] {
            let caller = TcpStream::connect((Ipv4Addr::from(address), port)).unwrap();
            assert_eq!(caller.peer_addr().unwrap().ip(), Ipv4Addr::from(address));
        }
        let second = open(port).unwrap_err().to_string();
        assert!(second.contains("choose another with --port"), "{second}");
    }
}
