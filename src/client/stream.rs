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
    json: bool,
    /// Keeps the transport's thread alive as long as somebody reads.
    _transport: Transport,
}

impl ByteStream {
    pub(super) fn new(
        chunks: mpsc::Receiver<Result<Bytes, Error>>,
        json: bool,
        transport: Transport,
    ) -> Self {
        Self {
            chunks,
            json,
            _transport: transport,
        }
    }

    /// One that is here already.
    pub(super) fn whole(bytes: Bytes, transport: Transport) -> Self {
        let (sender, chunks) = mpsc::channel(1);
        // There is room for one.
        let _ = sender.try_send(Ok(bytes));
        Self::new(chunks, false, transport)
    }

    /// Whether the server calls it JSON.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.poll_recv(cx)
    }
}
