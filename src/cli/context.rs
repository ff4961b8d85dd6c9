//! What every command has: the configuration, the master's client, and the time.

use std::process::ExitCode;

use anyhow::Context as _;
use jiff::Timestamp;

use super::args::{Global, given};
use super::output::Output;
use crate::client::{MasterClient, Transport};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Flag, Sources};

/// What every command has.
pub(super) struct Context {
    pub config: Config,
    pub output: Output,
    pub verbose: bool,
}

impl Context {
    /// Reads the configuration. Servers check it themselves, with what they need besides.
    pub fn new(global: &Global, mut flags: Vec<Flag>) -> anyhow::Result<Self> {
        flags.extend(given([
            ("--master", "master-url", &global.master),
            ("--output", "output", &global.output),
        ]));
        let config = Config::load(Sources::of_process(global.config.clone(), flags));
        Ok(Self {
            output: Output::new(config.json()),
            verbose: global.verbose,
            config,
        })
    }

    /// A client of the master; its thread starts here.
    pub fn master(&self) -> anyhow::Result<MasterClient> {
        Ok(MasterClient::new(transport()?, self.config.master_url()))
    }

    /// This moment.
    pub fn now(&self) -> Timestamp {
        let wall = SystemClock::new().now().wall;
        Timestamp::from_millisecond(wall.0).unwrap_or(Timestamp::MAX)
    }

    /// Runs a client command: one thread is enough, and more would only take time to start.
    pub fn block_on<F>(self, command: impl FnOnce(Self) -> F) -> anyhow::Result<ExitCode>
    where
        F: Future<Output = anyhow::Result<ExitCode>>,
    {
        self.config.check()?;
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("the runtime can't be started")?
            .block_on(command(self))
    }
}

/// The thread that does the HTTP.
pub(super) fn transport() -> anyhow::Result<Transport> {
    Transport::start().context("the HTTP client can't be started")
}
