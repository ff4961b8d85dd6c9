//! HTTP/1.1 over one kept connection: as little as a client can do, so that what is measured is
//! the server. Every wait has an end.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No answer takes so long.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is read is given back once so much of it has been used.
const COMPACT: usize = 256 * 1024;

/// One connection; one request at a time.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What is before it in the buffer has been used.
    at: usize,
}

/// The head of an answer.
pub struct Head {
    pub status: u16,
    /// None: it comes in chunks.
    length: Option<usize>,
    text: String,
}

impl Head {
    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.text.lines().skip(1);
        lines.find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

impl Connection {
    pub async fn open(address: &str) -> Result<Self> {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(16 * 1024),
            at: 0,
        })
    }

    /// Status and body of the answer.
    pub async fn send(&mut self, method: &str, path: &str, body: &str) -> Result<(u16, Vec<u8>)> {
        let (head, body) = self.exchange(&request(method, path, body)).await?;
        Ok((head.status, body))
    }

    /// Sends what `request` made; head and body of the answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<(Head, Vec<u8>)> {
        let exchange = async {
            self.stream.write_all(request).await?;
            let head = self.head().await?;
            let mut body = Vec::with_capacity(head.length.unwrap_or_default());
            self.body(&head, |piece| body.extend_from_slice(piece))
                .await?;
            Ok((head, body))
        };
        timeout(PATIENCE, exchange)
            .await
            .context("no answer within a minute")?
    }

    /// Sends what `request` made and has each piece of the answer's body looked at; its status.
    ///
    /// For load: nothing is kept, and whoever calls has a deadline for all of it.
    pub async fn look(&mut self, request: &[u8], piece: impl FnMut(&[u8])) -> Result<u16> {
        self.stream.write_all(request).await?;
        let head = self.head().await?;
        self.body(&head, piece).await?;
        Ok(head.status)
    }

    /// Asks for something that is answered bit by bit, without an end; returns once the answer has begun.
    pub async fn subscribe(&mut self, path: &str) -> Result<()> {
        self.stream.write_all(&request("GET", path, "")).await?;
        let head = timeout(PATIENCE, self.head()).await??;
        ensure!(head.status == 200, "GET {path}: {}", head.status);
        Ok(())
    }

    /// The next line of an answer without an end, without its line end; chunk sizes are among the lines.
    pub async fn line(&mut self) -> Result<&[u8]> {
        let length = self.until(b"\n").await?;
        let from = self.at;
        self.at += length + 1;
        Ok(&self.buffer[from..from + length])
    }

    async fn head(&mut self) -> Result<Head> {
        let length = self.until(b"\r\n\r\n").await?;
        let text = String::from_utf8_lossy(&self.buffer[self.at..self.at + length]).into_owned();
        self.at += length + 4;
        let mut head = Head {
            status: 0,
            length: None,
            text,
        };
        let status = head.text.get(9..12).and_then(|status| status.parse().ok());
        head.status = status.with_context(|| format!("not an answer: {}", head.text))?;
        if head.header("transfer-encoding").is_none() {
            let length = head.header("content-length").map_or(Ok(0), str::parse);
            head.length = Some(length?);
        }
        Ok(head)
    }

    async fn body(&mut self, head: &Head, mut piece: impl FnMut(&[u8])) -> Result<()> {
        if let Some(length) = head.length {
            return self.pass(length, &mut piece).await;
        }
        loop {
            let line = self.until(b"\r\n").await?;
            let size = std::str::from_utf8(&self.buffer[self.at..self.at + line])?;
            let size = usize::from_str_radix(size.trim(), 16)?;
            self.at += line + 2;
            self.pass(size, &mut piece).await?;
            self.pass(2, &mut |_| ()).await?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    /// Gives so many bytes on, as they come.
    async fn pass(&mut self, mut length: usize, piece: &mut impl FnMut(&[u8])) -> Result<()> {
        while length > 0 {
            if self.at == self.buffer.len() {
                self.more().await?;
            }
            let there = length.min(self.buffer.len() - self.at);
            piece(&self.buffer[self.at..self.at + there]);
            self.at += there;
            length -= there;
        }
        Ok(())
    }

    /// How far it is to the next of these.
    async fn until(&mut self, what: &[u8]) -> Result<usize> {
        let mut looked = 0;
        loop {
            if let Some(found) = find(&self.buffer[self.at + looked..], what) {
                return Ok(looked + found);
            }
            looked = (self.buffer.len() - self.at).saturating_sub(what.len() - 1);
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Result<()> {
        if self.at == self.buffer.len() || self.at > COMPACT {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        if self.buffer.capacity() - self.buffer.len() < 4096 {
            self.buffer.reserve(64 * 1024);
        }
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

/// A request as it goes over the wire.
pub fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let content = if body.is_empty() {
        String::new()
    } else {
        let length = body.len();
        format!("Content-Type: application/json\r\nContent-Length: {length}\r\n")
    };
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{content}\r\n{body}").into_bytes()
}

/// Where `what` begins.
pub fn find(buffer: &[u8], what: &[u8]) -> Option<usize> {
    let (first, rest) = what.split_first()?;
    let mut from = 0;
    while let Some(at) = buffer[from..].iter().position(|byte| byte == first) {
        from += at + 1;
        if buffer[from..].starts_with(rest) {
            return Some(from - 1);
        }
    }
    None
}
