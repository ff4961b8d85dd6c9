//! Between a worker and the machine's Docker Engine: passes everything on, answers every call with
//! 500, or loses certain calls or their answers.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// The engine's socket with somebody in front of it.
pub struct EngineGate {
    dir: tempfile::TempDir,
    state: Arc<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    PassOn,
    /// 500 for every call.
    Refuse,
    /// Calls whose first line contains this never reach the engine, and are never answered.
    LoseCall(&'static str),
    /// They do, but the answer is lost.
    LoseAnswer(&'static str),
}

struct State {
    inner: Mutex<Inner>,
    lost: Condvar,
}

struct Inner {
    mode: Mode,
    lost: u32,
}

impl EngineGate {
    /// Passes everything on, at first.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("docker.sock")).unwrap();
        let inner = Inner {
            mode: Mode::PassOn,
            lost: 0,
        };
        let state = Arc::new(State {
            inner: Mutex::new(inner),
            lost: Condvar::new(),
        });
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

    /// From now on, for each call that comes; what was asked before goes on.
    pub fn set(&self, mode: Mode) {
        let mut inner = self.state.inner();
        inner.mode = mode;
        inner.lost = 0;
    }

    /// Waits until a call (or an answer) was lost.
    pub fn until_lost(&self) {
        let minute = Duration::from_secs(60);
        let none = |inner: &mut Inner| inner.lost == 0;
        let waited = self
            .state
            .lost
            .wait_timeout_while(self.state.inner(), minute, none);
        assert!(!waited.unwrap().1.timed_out(), "no such call in a minute");
    }
}

impl State {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    fn serve(self: Arc<Self>, mut client: UnixStream) {
        if self.inner().mode == Mode::Refuse {
            refuse(&mut client);
            return;
        }
        let Ok(engine) = UnixStream::connect(engine_socket()) else {
            return;
        };
        let deaf = Arc::new(AtomicBool::new(false));
        let (from, to) = (client.try_clone().unwrap(), engine.try_clone().unwrap());
        let (state, loses_answer) = (Arc::clone(&self), Arc::clone(&deaf));
        std::thread::spawn(move || state.copy_calls(from, to, &loses_answer));
        copy_answers(engine, client, &deaf);
    }

    fn copy_calls(&self, mut from: UnixStream, mut to: UnixStream, deaf: &AtomicBool) {
        let mut buffer = [0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let bytes = &buffer[..read];
            let mode = self.inner().mode;
            if mode == Mode::Refuse {
                answer_500(&mut from);
                break;
            }
            let loses = match mode {
                Mode::LoseCall(what) | Mode::LoseAnswer(what) => first_line(bytes).contains(what),
                Mode::PassOn | Mode::Refuse => false,
            };
            if loses {
                deaf.store(true, Ordering::SeqCst);
            }
            if loses && matches!(mode, Mode::LoseCall(_)) {
                self.note_lost();
                // The caller waits until it is ended itself.
                while from.read(&mut buffer).is_ok_and(|read| read > 0) {}
                break;
            }
            if to.write_all(bytes).is_err() {
                break;
            }
            if loses {
                self.note_lost();
            }
        }
        // After a lost answer too: the engine does what it was asked although nobody listens.
        if !deaf.load(Ordering::SeqCst) {
            let _ = to.shutdown(Shutdown::Both);
        }
    }

    fn note_lost(&self) {
        self.inner().lost += 1;
        self.lost.notify_all();
    }
}

fn first_line(bytes: &[u8]) -> String {
    let line = bytes
        .split(|byte| *byte == b'\r')
        .next()
        .unwrap_or_default();
    String::from_utf8_lossy(line).into_owned()
}

fn copy_answers(mut from: UnixStream, mut to: UnixStream, deaf: &AtomicBool) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if !deaf.load(Ordering::SeqCst) && to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

/// Reads the head of a request and says no. The connection is closed after it.
fn refuse(client: &mut UnixStream) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match client.read(&mut buffer) {
            Ok(read @ 1..) => head.extend_from_slice(&buffer[..read]),
            Ok(0) | Err(_) => return,
        }
    }
    answer_500(client);
    // What is left of the request has to be read, or the answer is lost with it.
    let _ = client.shutdown(Shutdown::Write);
    while client.read(&mut buffer).is_ok_and(|read| read > 0) {}
}

fn answer_500(client: &mut UnixStream) {
    let body = r#"{"message":"this engine is out of order"}"#;
    let _ = write!(
        client,
        "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}

fn engine_socket() -> PathBuf {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    let path = host
        .strip_prefix("unix://")
        .unwrap_or("/var/run/docker.sock");
    Path::new(path).to_owned()
}
