//! The thread that owns the awc clients, and the handle on it.
//!
//! Streams have an awc client, and so a connection pool, of their own: awc's pool counts the
//! connections to all hosts together, and a stream holds its connection for hours. Neither pool
//! is limited: who asks is limited already (one request in flight per node, so many probes a
//! second), and a limit would let a dead host slow down the calls to the living.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::time::Duration;

use actix_web::error::{ParseError, PayloadError};
use awc::error::{ConnectError, SendRequestError};
use awc::{Client, ClientRequest, ClientResponse};
use futures_util::StreamExt;
use tokio::sync::{mpsc, oneshot};
use tokio_util::bytes::Bytes;

use super::error::{REFUSED, UNRESOLVED};
use super::request::{Answer, Request};
use super::{ByteStream, Error, connect};
use crate::http::{MASTER_HEADER, PREFER, RETURN_MINIMAL};

/// Longest body of an answer: all tasks of a large cluster in one list.
const MAX_ANSWER_BYTES: usize = 256 * 1024 * 1024;
/// How long an idle connection is kept: longer than from one heartbeat to the next, so that nearly each finds the
/// connection of the one before. The servers, podling's and Go's, close none that is idle, so that no request is
/// sent into a closing one.
const KEEP_ALIVE: Duration = Duration::from_secs(45);
/// After so long each pool is made anew. awc closes an idle connection only when the same host is
/// asked again: without this, each host that is gone for ever would leave an open socket.
const RENEW: Duration = Duration::from_secs(300);
/// Hosts are spread over so many pools, which are renewed in turns: with one, a master would connect to
/// all nodes anew in the same moment.
const POOLS: usize = 32;
/// Chunks of a stream that may wait for their reader before the sender is slowed down.
const CHUNKS_AHEAD: usize = 16;
const CLOSED: &str = "the connection was closed";

/// A handle on the thread that does the HTTP. The thread ends with its last handle.
#[derive(Debug, Clone)]
pub struct Transport {
    jobs: mpsc::UnboundedSender<Job>,
}

#[derive(Debug)]
struct Job {
    request: Request,
    reply: Reply,
}

#[derive(Debug)]
enum Reply {
    Whole(oneshot::Sender<Result<Answer, Error>>),
    Stream(oneshot::Sender<Result<Begun, Error>>),
}

type Chunks = mpsc::Receiver<Result<Bytes, Error>>;

/// A stream that has begun.
#[derive(Debug)]
struct Begun {
    chunks: Chunks,
    json: bool,
}

impl Transport {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no thread, or no file descriptors for its runtime.
    pub fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (jobs, inbox) = mpsc::unbounded_channel();
        std::thread::Builder::new()
            .name("http-client".into())
            .spawn(move || {
                let local = tokio::task::LocalSet::new();
                runtime.block_on(local.run_until(serve(inbox)));
            })?;
        Ok(Self { jobs })
    }

    /// Sends it and reads the whole answer. Dropping the future gives the request up.
    pub(super) async fn call(&self, request: Request) -> Result<Answer, Error> {
        let (reply, answer) = oneshot::channel();
        let url = request.url.clone();
        self.send(request, Reply::Whole(reply));
        answer.await.unwrap_or_else(|_| Err(gone(url)))
    }

    /// Sends it and gives the body as it arrives. The timeout is for the head of the answer.
    pub(super) async fn stream(&self, request: Request) -> Result<ByteStream, Error> {
        let (reply, answer) = oneshot::channel();
        let url = request.url.clone();
        self.send(request, Reply::Stream(reply));
        let begun = answer.await.unwrap_or_else(|_| Err(gone(url)))?;
        Ok(ByteStream::new(begun.chunks, begun.json, self.clone()))
    }

    fn send(&self, request: Request, reply: Reply) {
        // Fails only when the thread is gone; then `reply` is dropped, which its reader notices.
        let _ = self.jobs.send(Job { request, reply });
    }
}

fn gone(url: String) -> Error {
    Error::Unreachable {
        url,
        why: "the HTTP client's thread has ended".into(),
    }
}

async fn serve(mut inbox: mpsc::UnboundedReceiver<Job>) {
    let mut calls = [const { None::<Client> }; POOLS];
    let mut streams = client();
    let mut renew = tokio::time::interval(RENEW / POOLS as u32);
    let mut next = 0;
    loop {
        let job = tokio::select! {
            job = inbox.recv() => job,
            _ = renew.tick() => {
                calls[next] = None;
                next = (next + 1) % POOLS;
                if next == 0 {
                    streams = client();
                }
                continue;
            }
        };
        let Some(Job { request, reply }) = job else {
            return;
        };
        match reply {
            Reply::Whole(reply) => {
                let pool = calls[pool_of(&request.url)].get_or_insert_with(client);
                let sent = prepare(pool, &request);
                tokio::task::spawn_local(whole(sent, request, reply));
            }
            Reply::Stream(reply) => {
                let sent = prepare(&streams, &request);
                tokio::task::spawn_local(pieces(sent, request, reply));
            }
        }
    }
}

/// The pool for calls to the URL's host.
fn pool_of(url: &str) -> usize {
    let host = url.split('/').nth(2).unwrap_or_default();
    let mut hasher = DefaultHasher::new();
    host.hash(&mut hasher);
    hasher.finish() as usize % POOLS
}

fn client() -> Client {
    let connector = connect::connector()
        .limit(0)
        .timeout(Duration::from_secs(5))
        .conn_keep_alive(KEEP_ALIVE)
        .conn_lifetime(RENEW);
    Client::builder()
        .connector(connector)
        .disable_timeout()
        .disable_redirects()
        .add_default_header(("User-Agent", concat!("podling/", env!("CARGO_PKG_VERSION"))))
        .finish()
}

fn prepare(client: &Client, request: &Request) -> ClientRequest {
    let prepared = client.request(request.method.clone(), request.url.as_str());
    // awc would say in a header of each request that it takes nothing compressed; nobody compresses unasked.
    let mut prepared = prepared.no_decompress();
    if let Some(accept) = request.accept {
        prepared = prepared.insert_header(("Accept", accept));
    }
    if request.minimal {
        prepared = prepared.insert_header((PREFER, RETURN_MINIMAL));
    }
    if request.from_master {
        prepared = prepared.insert_header((MASTER_HEADER, "1"));
    }
    if let Some(key) = &request.idempotency_key {
        prepared = prepared.insert_header(("Idempotency-Key", key.as_str()));
    }
    if request.body.is_some() {
        prepared = prepared.insert_header(("Content-Type", "application/json"));
    }
    prepared
}

async fn whole(
    prepared: ClientRequest,
    request: Request,
    mut reply: oneshot::Sender<Result<Answer, Error>>,
) {
    let exchange = async {
        let response = head(prepared, &request).await?;
        body(response, &request).await
    };
    let answer = tokio::select! {
        answer = tokio::time::timeout(request.timeout, exchange) => answer,
        () = reply.closed() => return,
    };
    // Nobody may be waiting any more, which is fine.
    let _ = reply.send(answer.unwrap_or_else(|_| Err(late(&request))));
}

async fn pieces(
    prepared: ClientRequest,
    request: Request,
    mut reply: oneshot::Sender<Result<Begun, Error>>,
) {
    let begin = async {
        let response = head(prepared, &request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let answer = body(response, &request).await?;
        Err(answer.success().err().unwrap_or_else(|| late(&request)))
    };
    let begun = tokio::select! {
        begun = tokio::time::timeout(request.timeout, begin) => begun,
        () = reply.closed() => return,
    };
    let mut response = match begun.unwrap_or_else(|_| Err(late(&request))) {
        Ok(response) => response,
        Err(error) => {
            let _ = reply.send(Err(error));
            return;
        }
    };
    let (chunks, reader) = mpsc::channel(CHUNKS_AHEAD);
    let begun = Begun {
        json: is_json(&response),
        chunks: reader,
    };
    if reply.send(Ok(begun)).is_err() {
        return;
    }
    loop {
        let chunk = tokio::select! {
            chunk = response.next() => chunk,
            () = chunks.closed() => return,
        };
        let Some(chunk) = chunk else { return };
        let chunk = chunk.map_err(|error| broken(&request, error));
        let failed = chunk.is_err();
        if chunks.send(chunk).await.is_err() || failed {
            return;
        }
    }
}

fn is_json(response: &ClientResponse) -> bool {
    let value = response.headers().get("Content-Type");
    value
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"))
}

async fn head(prepared: ClientRequest, request: &Request) -> Result<ClientResponse, Error> {
    let sent = match &request.body {
        Some(body) => prepared.send_body(body.clone()),
        None => prepared.send(),
    };
    sent.await.map_err(|error| explain(error, request))
}

async fn body(mut response: ClientResponse, request: &Request) -> Result<Answer, Error> {
    let header = |name| {
        let value = response.headers().get(name)?;
        value.to_str().ok()?.parse::<u64>().ok()
    };
    let retry_after = header("Retry-After").map(Duration::from_secs);
    let next_cursor = header("Podling-Next-Cursor");
    let status = response.status().as_u16();
    let body = response.body().limit(MAX_ANSWER_BYTES).await;
    Ok(Answer {
        url: request.url.clone(),
        status,
        retry_after,
        next_cursor,
        body: body.map_err(|error| broken(request, error))?,
    })
}

fn late(request: &Request) -> Error {
    Error::Timeout {
        url: request.url.clone(),
        after: request.timeout,
    }
}

fn broken(request: &Request, error: PayloadError) -> Error {
    let why = match error {
        PayloadError::Incomplete(Some(error)) | PayloadError::Io(error) => io_text(&error),
        other => other.to_string(),
    };
    Error::Unreachable {
        url: request.url.clone(),
        why: format!("the answer broke off: {why}"),
    }
}

fn explain(error: SendRequestError, request: &Request) -> Error {
    let why = match error {
        SendRequestError::Timeout | SendRequestError::Connect(ConnectError::Timeout) => {
            return late(request);
        }
        SendRequestError::Response(ParseError::Io(error)) => io_text(&error),
        SendRequestError::Response(error) => {
            return Error::Malformed {
                url: request.url.clone(),
                why: format!("not HTTP: {error}"),
            };
        }
        SendRequestError::Connect(error) => refused(error),
        SendRequestError::Send(error) => format!("the connection broke: {}", io_text(&error)),
        SendRequestError::Url(error) => format!("not a usable URL: {error}"),
        other => other.to_string(),
    };
    Error::Unreachable {
        url: request.url.clone(),
        why,
    }
}

fn refused(error: ConnectError) -> String {
    match error {
        ConnectError::SslIsNotSupported => "https is not supported; use http".into(),
        ConnectError::Resolver(_) | ConnectError::NoRecords => UNRESOLVED.into(),
        ConnectError::Disconnected => CLOSED.into(),
        ConnectError::Io(error) => io_text(&error),
        other => other.to_string(),
    }
}

/// `connection refused` and not `Connection refused (os error 111)`.
fn io_text(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => REFUSED.into(),
        io::ErrorKind::ConnectionReset => "connection reset".into(),
        io::ErrorKind::UnexpectedEof => CLOSED.into(),
        io::ErrorKind::HostUnreachable => "no route to the host".into(),
        io::ErrorKind::NetworkUnreachable => "the network is unreachable".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_host_has_its_pool_and_many_hosts_have_many() {
        let urls = (0..1_000).map(|number| format!("http://10.0.0.1:{number}/health"));
        let pools: BTreeSet<usize> = urls.map(|url| pool_of(&url)).collect();
        assert_eq!(pools, (0..POOLS).collect());
        let same = [
            "http://a:1/api/v1/tasks",
            "http://a:1/health?x=/y",
            "http://a:1",
        ]
        .map(pool_of);
        assert!(same.iter().all(|pool| *pool == same[0]), "{same:?}");
    }
}
