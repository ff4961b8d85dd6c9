//! Server-sent events, read as [`wire::Event`]s.

use super::{ByteStream, Error, Lines};
use crate::wire;

/// Server-sent events, read as [`wire::Event`]s.
#[derive(Debug)]
pub struct EventStream {
    lines: Lines<ByteStream>,
    url: String,
    /// The `data:` lines of the event that is arriving.
    data: String,
}

impl EventStream {
    pub(super) fn new(bytes: ByteStream, url: String) -> Self {
        Self {
            lines: Lines::new(bytes),
            url,
            data: String::new(),
        }
    }

    /// The next event; none when the server ended the stream.
    ///
    /// Cancel-safe: what has arrived stays.
    ///
    /// # Errors
    /// The connection broke, or what arrived is not an event.
    pub async fn next(&mut self) -> Result<Option<wire::Event>, Error> {
        while let Some(line) = self.lines.next().await? {
            if let Some(data) = line.strip_prefix("data:") {
                self.data += data.strip_prefix(' ').unwrap_or(data);
            } else if line.is_empty() && !self.data.is_empty() {
                let data = std::mem::take(&mut self.data);
                return self.event(&data).map(Some);
            }
            // `id:` and `event:` repeat what the data holds; `:` lines only keep the line alive.
        }
        Ok(None)
    }

    fn event(&self, data: &str) -> Result<wire::Event, Error> {
        serde_json::from_str(data).map_err(|error| Error::Malformed {
            url: self.url.clone(),
            why: error.to_string(),
        })
    }
}
