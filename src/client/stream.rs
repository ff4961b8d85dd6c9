//! The body of an answer as it arrives.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;

use super::{Error, Transport};

/// The body of an answer as it arrives; dropping it closes the connection.
///
/// Ends with `None` when the server ended it, with one error when the connection broke.
#[derive(Debug)]
pub struct ByteStream {
    chunks: mpsc::Receiver<Result<Bytes, Error>>,
    /// Keeps the transport's thread alive as long as somebody reads.
    _transport: Transport,
}

impl ByteStream {
    pub(super) fn new(chunks: mpsc::Receiver<Result<Bytes, Error>>, transport: Transport) -> Self {
        Self {
            chunks,
            _transport: transport,
        }
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.poll_recv(cx)
    }
}
