//! A real PostgreSQL server, started by the tests themselves.
//!
//! All tests of a process share a server, each with a database of its own. `fsync` is on, as in real life. The server is
//! stopped when its last user is dropped, and the kernel stops it when the process dies in
//! whatever way. Root is not allowed to run PostgreSQL: there it runs as `postgres` or `nobody`.

mod programs;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use programs::{Programs, succeed};

/// A running server. Cloned handles share it; the last one that is dropped stops it.
#[derive(Clone)]
pub struct Postgres(Arc<Server>);

struct Server {
    programs: Programs,
    folder: PathBuf,
    port: u16,
    running: Mutex<Option<Running>>,
}

struct Running {
    child: Child,
    /// The thread that started it: the kernel stops the server when that thread ends.
    keeper: JoinHandle<()>,
    /// The thread ends when this is dropped.
    hold: Sender<()>,
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
static NEXT: AtomicU32 = AtomicU32::new(1);

impl Postgres {
    /// The server of this process, started when there is none.
    pub fn shared() -> Self {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return Self(server);
        }
        let postgres = Self::start();
        *shared = Arc::downgrade(&postgres.0);
        postgres
    }

    /// A server of its own, for tests that stop or kill it. It listens on a unix socket only.
    pub fn start() -> Self {
        Self::start_with(|_| vec![])
    }

    /// The same; `settings` may put files into the server's folder, and returns further lines for
    /// `postgresql.conf`: `listen_addresses = 'localhost'` for TCP.
    pub fn start_with(settings: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let programs = Programs::find();
        let folder = programs.copy_of_template();
        let port = free_port();
        let mut lines = vec![
            format!("port = {port}"),
            "listen_addresses = ''".to_owned(),
            format!("unix_socket_directories = '{}'", folder.display()),
            "max_connections = 100".to_owned(),
            "shared_buffers = 16MB".to_owned(),
            // After a crash one call instead of one for each of a thousand files.
            "recovery_init_sync_method = syncfs".to_owned(),
        ];
        lines.extend(settings(&folder));
        programs.give(&folder);
        let configuration = folder.join("postgresql.auto.conf");
        fs::write(configuration, lines.join("\n")).expect("settings for PostgreSQL");
        let server = Server {
            programs,
            folder,
            port,
            running: Mutex::new(None),
        };
        let postgres = Self(Arc::new(server));
        postgres.restart();
        postgres
    }

    /// The URL of a new, empty database, over the unix socket.
    pub fn new_database(&self) -> String {
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a database, over the unix socket.
    pub fn url(&self, database: &str) -> String {
        let folder = self.0.folder.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{folder}:{}/{database}", self.0.port)
    }

    /// The URL of a database, over TCP, when it listens there.
    pub fn tcp_url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost:{}/{database}", self.0.port)
    }

    /// Runs SQL with `psql`; what it prints, bare.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = self.0.psql(database);
        psql.args(["-c", sql]);
        succeed(psql).trim().to_owned()
    }

    /// Runs SQL in a transaction that stays open, with its locks, until it is released.
    pub fn hold(&self, database: &str, sql: &str) -> Transaction {
        let mut psql = self.0.psql(database);
        psql.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut psql = psql.spawn().expect("psql runs");
        let mut input = psql.stdin.take().expect("a pipe");
        writeln!(input, "BEGIN; {sql}; \\echo held").expect("psql reads");
        let output = BufReader::new(psql.stdout.take().expect("a pipe"));
        let mut lines = output.lines().map_while(Result::ok);
        assert!(lines.any(|line| line == "held"), "psql: {sql}");
        Transaction {
            psql,
            input: Some(input),
        }
    }

    /// SIGKILL to the server's main process; the others notice and end. Returns when it is over.
    pub fn kill(&self) {
        self.0.end(Signal::SIGKILL);
    }

    /// SIGKILL to all its processes at once.
    pub fn kill_all(&self) {
        self.signal_all(Signal::SIGKILL);
        self.0.end(Signal::SIGKILL);
    }

    /// A "fast" shutdown: connections are ended, what is committed is kept in order.
    pub fn shut_down(&self) {
        self.0.end(Signal::SIGINT);
    }

    /// Stops all its processes where they are, until the result is dropped.
    pub fn freeze(&self) -> Frozen {
        self.signal_all(Signal::SIGSTOP);
        Frozen(self.clone())
    }

    fn signal_all(&self, signal: Signal) {
        for pid in processes_in(&self.0.folder) {
            // It may have ended by itself.
            let _ = kill(pid, signal);
        }
    }

    /// Starts the server again (or for the first time), and returns when it takes connections.
    pub fn restart(&self) {
        self.0.start();
    }
}

/// A server that does nothing until this is dropped.
pub struct Frozen(Postgres);

impl Drop for Frozen {
    fn drop(&mut self) {
        self.0.signal_all(Signal::SIGCONT);
    }
}

/// A transaction that stays open.
pub struct Transaction {
    psql: Child,
    input: Option<ChildStdin>,
}

impl Transaction {
    /// Rolls it back.
    pub fn release(&mut self) {
        drop(self.input.take());
        self.psql.wait().expect("psql ends");
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.release();
    }
}

impl Server {
    fn psql(&self, database: &str) -> Command {
        let mut psql = self.programs.command("psql");
        psql.arg("-h")
            .arg(&self.folder)
            .arg("-p")
            .arg(self.port.to_string());
        psql.args(["-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1"]);
        psql.args(["-X", "-q", "-A", "-t"]);
        psql
    }

    fn start(&self) {
        let (started, child) = channel();
        let (hold, held) = channel();
        let programs = self.programs.clone();
        let folder = self.folder.clone();
        let keeper = std::thread::spawn(move || keep(&programs, &folder, &started, &held));
        let mut child = child.recv().expect("PostgreSQL is started");
        let mut tries = 0;
        let mut ready = self.programs.command("pg_isready");
        ready
            .arg("-q")
            .arg("-h")
            .arg(&self.folder)
            .arg("-p")
            .arg(self.port.to_string());
        while !ready.status().expect("pg_isready runs").success() {
            let ended = child.try_wait().expect("the state of PostgreSQL");
            assert!(ended.is_none(), "PostgreSQL ended at once: {}", self.log());
            tries += 1;
            assert!(tries < 3000, "PostgreSQL does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        let running = Running {
            child,
            keeper,
            hold,
        };
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
    }

    fn end(&self, signal: Signal) {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(Running {
            mut child,
            keeper,
            hold,
        }) = running
        else {
            return;
        };
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
        // It may have ended by itself.
        let _ = kill(pid, signal);
        child.wait().expect("PostgreSQL ends");
        // The helpers of a killed server end a moment later.
        while !processes_in(&self.folder).is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(hold);
        keeper.join().expect("the thread that started PostgreSQL");
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // "Immediate shutdown": all its processes end, its shared memory is given back.
        self.end(Signal::SIGQUIT);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Starts the server and stays, because the server ends with its thread.
fn keep(programs: &Programs, folder: &Path, started: &Sender<Child>, held: &Receiver<()>) {
    let log = File::options()
        .append(true)
        .create(true)
        .open(folder.join("log"));
    let mut command = programs.as_user(Command::new("setpriv"));
    command.args(["--pdeathsig", "QUIT"]);
    command
        .arg(programs.folder.join("postgres"))
        .arg("-D")
        .arg(folder);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.expect("a log for PostgreSQL"));
    let child = command
        .spawn()
        .expect("setpriv (util-linux) starts PostgreSQL");
    started.send(child).expect("somebody waits for the start");
    let _ = held.recv();
}

/// The processes that work in the server's folder: all of the server's.
fn processes_in(folder: &Path) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    let ours = processes
        .filter(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == folder));
    ours.filter_map(|process| process.file_name().to_str()?.parse().ok())
        .map(Pid::from_raw)
        .collect()
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
