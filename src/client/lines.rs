//! A byte stream, cut into lines.

use std::collections::VecDeque;

use futures_util::{Stream, StreamExt};
use tokio_util::bytes::Bytes;

use super::Error;

/// A byte stream, cut into lines.
#[derive(Debug)]
pub struct Lines<S> {
    bytes: S,
    /// What arrived after the last line end.
    begun: Vec<u8>,
    whole: VecDeque<String>,
    ended: bool,
}

impl<S> Lines<S>
where
    S: Stream<Item = Result<Bytes, Error>> + Unpin,
{
    /// The lines of these bytes.
    pub fn new(bytes: S) -> Self {
        Self {
            bytes,
            begun: Vec::new(),
            whole: VecDeque::new(),
            ended: false,
        }
    }

    /// The next line without its end; none when there are no more. What is not UTF-8 is replaced.
    ///
    /// Cancel-safe: what has arrived stays.
    ///
    /// # Errors
    /// What the stream gave.
    pub async fn next(&mut self) -> Result<Option<String>, Error> {
        loop {
            if let Some(line) = self.whole.pop_front() {
                return Ok(Some(line));
            }
            if self.ended {
                return Ok(None);
            }
            match self.bytes.next().await {
                Some(chunk) => self.take(&chunk?),
                None => {
                    self.ended = true;
                    if !self.begun.is_empty() {
                        let last = std::mem::take(&mut self.begun);
                        self.whole.push_back(text(&last));
                    }
                }
            }
        }
    }

    fn take(&mut self, chunk: &[u8]) {
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(&rest[..end]);
            self.whole.push_back(text(&self.begun));
            self.begun.clear();
            rest = &rest[end + 1..];
        }
        self.begun.extend_from_slice(rest);
    }
}

fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use futures_util::stream;

    use super::*;

    async fn lines(chunks: &[&'static str]) -> Vec<String> {
        let chunks = chunks.to_vec();
        let chunks = stream::iter(chunks.into_iter().map(|c| Ok(Bytes::from(c))));
        let mut lines = Lines::new(chunks);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            all.push(line);
        }
        all
    }

    #[tokio::test]
    async fn lines_are_put_together_from_chunks() {
        assert_eq!(
            lines(&["a\nb", "c\r\n", "\n", "d"]).await,
            ["a", "bc", "", "d"]
        );
    }
}
