//! An address that is taken and not yet listened on.

use std::io;
use std::net::{SocketAddr, TcpListener};

use tokio::net::TcpSocket;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

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

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

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
}
