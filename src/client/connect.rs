//! Connections of which the client learns when they end too early.
//!
//! A chunked body has an end of its own. When the connection closes before it, and between two
//! chunks, awc takes that for the end: a log whose server was killed would look whole. awc reads on
//! only while something is missing, so each end of a connection it sees is one that came too early.
//! (An HTTP/1.0 answer without a length is the exception; nobody here sends one.)

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_tls::connect::{ConnectError, ConnectInfo, Connection, Connector as Tcp};
use actix_web::dev::{Service, fn_service};
use actix_web::rt::net::{ActixStream, Ready, TcpStream};
use awc::Connector;
use awc::http::Uri;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// awc's connector, on [`Strict`] connections.
pub(super) fn connector() -> Connector<
    impl Service<ConnectInfo<Uri>, Response = Connection<Uri, Strict>, Error = ConnectError> + Clone,
> {
    let tcp = Tcp::default().service();
    let connect = move |to: ConnectInfo<Uri>| {
        let connecting = tcp.call(to);
        async move {
            let (stream, uri) = connecting.await?.into_parts();
            Ok::<_, ConnectError>(Connection::new(uri, Strict(stream)))
        }
    };
    Connector::new().connector(fn_service(connect))
}

/// A connection whose end is an error.
pub(super) struct Strict(TcpStream);

impl fmt::Debug for Strict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl AsyncRead for Strict {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.0).poll_read(cx, buffer))?;
        Poll::Ready(match buffer.filled().len() == before {
            true => Err(io::ErrorKind::UnexpectedEof.into()),
            false => Ok(()),
        })
    }
}

impl AsyncWrite for Strict {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

impl ActixStream for Strict {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_read_ready(&self.0, cx)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_write_ready(&self.0, cx)
    }
}
