//! Between a worker and the Docker Engine: passes everything on, or answers every call with 500.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The engine's socket with somebody in front of it.
pub struct RefusingEngine {
    dir: tempfile::TempDir,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    refuses: AtomicBool,
    passed_on: Mutex<Vec<UnixStream>>,
}

impl RefusingEngine {
    /// Passes everything on, at first.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("docker.sock")).unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || state.serve(client));
            }
        });
        Self { dir, state }
    }

    /// As `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.dir.path().join("docker.sock").display())
    }

    /// From now on: 500 for every call; what is under way is cut off.
    pub fn refuse(&self) {
        self.state.refuses.store(true, Ordering::SeqCst);
        for stream in self.state.passed_on.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// From now on everything is passed on again.
    pub fn pass_on(&self) {
        self.state.refuses.store(false, Ordering::SeqCst);
    }
}

impl State {
    fn serve(&self, mut client: UnixStream) {
        if self.refuses.load(Ordering::SeqCst) {
            refuse(&mut client);
            return;
        }
        let Ok(engine) = UnixStream::connect(engine_socket()) else {
            return;
        };
        let mut kept = self.passed_on.lock().unwrap();
        kept.push(client.try_clone().unwrap());
        drop(kept);
        let (from_client, to_engine) = (client.try_clone().unwrap(), engine.try_clone().unwrap());
        std::thread::spawn(move || copy(from_client, to_engine));
        copy(engine, client);
    }
}

fn copy(mut from: UnixStream, mut to: UnixStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

/// Reads the head of a request and says no. The connection is closed after it.
fn refuse(client: &mut UnixStream) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match client.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => head.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
    let body = r#"{"message":"this engine is out of order"}"#;
    let _ = write!(
        client,
        "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    // What is left of the request has to be read, or the answer is lost with it.
    let _ = client.shutdown(Shutdown::Write);
    while client.read(&mut buffer).is_ok_and(|read| read > 0) {}
}

fn engine_socket() -> PathBuf {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    let path = host
        .strip_prefix("unix://")
        .unwrap_or("/var/run/docker.sock");
    Path::new(path).to_owned()
}
