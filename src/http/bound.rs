//! An address that is taken and not yet listened on.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::http::KeepAlive;
use rustix::net::sockopt::{
    set_socket_keepalive, set_tcp_keepcnt, set_tcp_keepidle, set_tcp_keepintvl,
};
use tokio::net::TcpSocket;

/// What the servers do with idle connections. Who made one closes it; when nobody is there any more, the kernel
/// finds out ([`ask_the_silent`]). So none is closed under a request that is on its way, and no timer is set anew with each of them.
pub const LEFT_TO_THE_KERNEL: KeepAlive = KeepAlive::Os;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;
/// After so long without a byte the kernel asks whether the other side is still there,
const PROBE_AFTER: Duration = Duration::from_secs(60);
/// so often,
const PROBE_EVERY: Duration = Duration::from_secs(10);
/// and after so many questions without an answer it closes the connection.
const PROBES: u32 = 6;

/// An address that is taken: nobody else can listen there any more. Who connects is refused until it
/// is listened on, so what has to be in order before the first request can be put in order first.
#[derive(Debug)]
pub struct Bound {
    socket: TcpSocket,
    address: SocketAddr,
}

impl Bound {
    /// Takes the address.
    ///
    /// # Errors
    /// Somebody listens there, it is not this host's, or it is not permitted.
    pub fn take(address: SocketAddr) -> io::Result<Self> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // It may be taken again while old connections linger.
        socket.set_reuseaddr(true)?;
        ask_the_silent(&socket)?;
        socket.bind(address)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Which it is: the port that was chosen, when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens.
    ///
    /// # Errors
    /// Somebody who took it at the same moment listens already.
    pub fn listen(self) -> io::Result<TcpListener> {
        self.socket.listen(BACKLOG)?.into_std()
    }
}

/// Lets the kernel ask on idle connections whether the other side is still there, and close those on which nobody
/// answers: on all that are accepted from this socket, which have what it has.
///
/// # Errors
/// The kernel does not take it.
pub fn ask_the_silent(socket: &TcpSocket) -> io::Result<()> {
    set_socket_keepalive(socket, true)?;
    set_tcp_keepidle(socket, PROBE_AFTER)?;
    set_tcp_keepintvl(socket, PROBE_EVERY)?;
    set_tcp_keepcnt(socket, PROBES)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use rustix::net::sockopt::{socket_keepalive, tcp_keepcnt, tcp_keepidle, tcp_keepintvl};

    use super::*;

    #[tokio::test]
    async fn what_is_taken_is_refused_until_it_is_listened_on_and_then_is_nobody_elses() {
        let bound = Bound::take(([127, 0, 0, 1], 0).into()).unwrap();
        let address = bound.address();
        let refused = TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let _listener = bound.listen().unwrap();
        TcpStream::connect(address).unwrap();
        let taken = Bound::take(address).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    }

    #[tokio::test]
    async fn the_kernel_asks_whether_clients_are_still_there() {
        let bound = Bound::take(([127, 0, 0, 1], 0).into()).unwrap();
        let address = bound.address();
        let listener = bound.listen().unwrap();
        let _client = TcpStream::connect(address).unwrap();
        listener.set_nonblocking(false).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        assert!(socket_keepalive(&accepted).unwrap());
        assert_eq!(tcp_keepidle(&accepted).unwrap(), PROBE_AFTER);
        assert_eq!(tcp_keepintvl(&accepted).unwrap(), PROBE_EVERY);
        assert_eq!(tcp_keepcnt(&accepted).unwrap(), PROBES);
    }
}
