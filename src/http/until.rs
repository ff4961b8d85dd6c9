//! Streams that a server cuts off when it ends.

use std::future::ready;

use actix_web::web::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use tokio_util::sync::CancellationToken;

/// Why a stream broke off.
#[derive(Debug, thiserror::Error)]
#[error("this server is shutting down")]
struct ShuttingDown;

type BoxError = Box<dyn std::error::Error>;

/// Passes `bytes` on until `stop`. Then it gives an error, which breaks the connection: what was
/// cut off must not look whole. What came before an error is sent before.
pub fn until<E: Into<BoxError> + 'static>(
    stop: CancellationToken,
    bytes: impl Stream<Item = Result<Bytes, E>> + 'static,
) -> impl Stream<Item = Result<Bytes, BoxError>> + 'static {
    let stopped = stop.clone();
    let cut = stream::once(async move { stopped.is_cancelled() })
        .filter(|is_cut| ready(*is_cut))
        .map(|_| Err(ShuttingDown.into()));
    bytes
        .map(|piece| piece.map_err(Into::into))
        .take_until(stop.cancelled_owned())
        .chain(cut)
        .then(async |piece| {
            // An error makes actix-web drop what it has not sent; while it waits, it sends.
            if piece.is_err() {
                tokio::task::yield_now().await;
            }
            piece
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::io::Error;

    use super::*;

    fn piece() -> Result<Bytes, Error> {
        Ok(Bytes::from_static(b"piece"))
    }

    #[tokio::test]
    async fn what_ends_by_itself_is_whole() {
        let whole = until(CancellationToken::new(), stream::iter([piece()]));
        let whole: Vec<_> = whole.collect().await;
        assert!(matches!(whole.as_slice(), [Ok(_)]));
    }

    #[tokio::test]
    async fn what_is_stopped_ends_with_an_error() {
        let stop = CancellationToken::new();
        let endless = stream::iter([piece()]).chain(stream::pending());
        let mut passed = Box::pin(until(stop.clone(), endless));
        assert!(passed.next().await.unwrap().is_ok());
        stop.cancel();
        assert!(passed.next().await.unwrap().is_err());
        assert!(passed.next().await.is_none());
    }
}
