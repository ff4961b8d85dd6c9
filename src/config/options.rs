//! What a master and a worker are started with, made of the settings; and the checks that need
//! more than one setting.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::error::{Error, Problem};
use super::kind::Value;
use super::settings::Setting;
use super::{Config, Kind, fail_on};
use crate::core::{Policy, Strategy};
use crate::store::Location;
use crate::{master, worker};

impl Config {
    /// What a master is started with.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration, and what a master lacks or must not do.
    pub fn master_options(&self) -> Result<master::Options, Error> {
        let mut problems = self.problems.clone();
        let options = self.master(&mut problems);
        fail_on(problems)?;
        Ok(options)
    }

    /// What a worker is started with.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration, and what a worker lacks or must not do.
    pub fn worker_options(&self) -> Result<worker::Options, Error> {
        let mut problems = self.problems.clone();
        let options = self.worker(None, &mut problems);
        fail_on(problems)?;
        Ok(options)
    }

    /// What a master and a worker in one process are started with: the worker is named after the
    /// machine when it has no name.
    ///
    /// # Errors
    /// As for both.
    pub fn standalone_options(
        &self,
        machine: &str,
    ) -> Result<(master::Options, worker::Options), Error> {
        let mut problems = self.problems.clone();
        let master = self.master(&mut problems);
        let worker = self.worker(Some(machine), &mut problems);
        fail_on(problems)?;
        Ok((master, worker))
    }

    /// Where a master of this configuration listens.
    pub fn master_address(&self) -> SocketAddr {
        match *self.value("master.bind") {
            Value::Address(address) => address,
            _ => self.wrong_kind("master.bind"),
        }
    }

    /// Where a worker of this configuration listens.
    pub fn worker_address(&self) -> SocketAddr {
        let ip = match *self.value("worker.bind") {
            Value::Ip(ip) => ip,
            _ => self.wrong_kind("worker.bind"),
        };
        let port = self.number("worker.port").unwrap_or_default() as u16;
        SocketAddr::new(ip, port)
    }

    /// How often a worker beats when nothing else is said.
    pub fn heartbeat_interval(&self) -> Duration {
        self.duration("worker.heartbeat-interval")
    }

    fn master(&self, problems: &mut Vec<Problem>) -> master::Options {
        let bind = self.master_address();
        self.check_bind(bind.ip(), "master.bind", "master.insecure", problems);
        let policy = Policy {
            strategy: match self.text("master.strategy") {
                Some("binpack") => Strategy::BinPack,
                _ => Strategy::Spread,
            },
            node_timeout_ms: self.milliseconds("master.node-timeout"),
            probe_after_ms: self.milliseconds("master.probe-after"),
            ended_task_ttl_ms: match self.value("master.task-ttl") {
                Value::None => None,
                _ => Some(self.milliseconds("master.task-ttl")),
            },
            ..Policy::default()
        };
        if policy.probe_after_ms >= policy.node_timeout_ms {
            problems.push(self.problem(
                "master.probe-after",
                "has to be less than master.node-timeout, or no node is asked before it is lost",
            ));
        }
        master::Options {
            bind,
            store: self.store(problems),
            policy,
            commit_timeout: self.duration("master.commit-timeout"),
            store_give_up_after: self.duration("master.store-give-up-after"),
            shutdown_timeout: self.duration("master.shutdown-timeout"),
        }
    }

    fn store(&self, problems: &mut Vec<Problem>) -> Location {
        match self.text("master.store") {
            Some("memory") => Location::Memory,
            Some("postgres") => {
                let url = self
                    .text("master.database-url")
                    .unwrap_or_default()
                    .to_owned();
                if Kind::DatabaseUrl.read(&url).is_none() {
                    let allowed = Kind::DatabaseUrl.allowed();
                    let text = format!("is needed for the store \"postgres\": {allowed}");
                    problems.extend(self.lack("master.database-url", &text));
                }
                Location::Postgres { url }
            }
            _ => {
                let data_dir = self.text("master.data-dir");
                if data_dir.is_none() {
                    let text = "is needed, because there is no home directory to put it in: name \
                                one with --data-dir";
                    problems.extend(self.lack("master.data-dir", text));
                }
                let data_dir = data_dir.unwrap_or_default().into();
                Location::Sqlite { data_dir }
            }
        }
    }

    fn worker(&self, machine: Option<&str>, problems: &mut Vec<Problem>) -> worker::Options {
        let address = self.worker_address();
        let bind = address.ip();
        self.check_bind(bind, "worker.bind", "worker.insecure", problems);
        let node_id = self.text("worker.node-id").or(machine).unwrap_or_default();
        if Kind::Name.read(node_id).is_none() {
            let text = "is needed: the same after each restart, another one on each host; name it \
                        with --node-id";
            problems.extend(self.lack("worker.node-id", text));
        }
        let labels = match self.value("worker.labels") {
            Value::Labels(labels) => labels.clone(),
            _ => Default::default(),
        };
        worker::Options {
            node_id: node_id.to_owned(),
            hostname: self.hostname(bind),
            bind,
            port: address.port(),
            master_url: self.master_url().to_owned(),
            heartbeat_interval: self.duration("worker.heartbeat-interval"),
            shutdown_timeout: self.duration("worker.shutdown-timeout"),
            leave_running: self.flag("worker.leave-running"),
            capacity: self.number("worker.capacity").map(|slots| slots as u32),
            cpu_millicores: self.number("worker.cpu"),
            memory_bytes: self.number("worker.memory"),
            labels,
        }
    }

    /// Where the master reaches a worker that listens on `bind`.
    fn hostname(&self, bind: IpAddr) -> String {
        match self.text("worker.hostname") {
            Some(hostname) => {
                let is_here = hostname == "localhost"
                    || hostname.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
                if bind.is_loopback() && !is_here {
                    log::warn!(
                        "the master is told to reach this worker at {hostname}, but it listens on \
                         {bind} only (worker.bind)"
                    );
                }
                hostname.to_owned()
            }
            // What others would reach at `localhost` is a worker of their own.
            None if !bind.is_loopback() && !bind.is_unspecified() => bind.to_string(),
            None => {
                if bind.is_unspecified() && self.flag("worker.insecure") {
                    log::warn!(
                        "worker.hostname is not set: the master is told localhost, where only a \
                         master on this machine reaches this worker"
                    );
                }
                "localhost".to_owned()
            }
        }
    }

    /// Nobody is asked who they are, so only this machine may ask, unless the operator says that
    /// it is meant so.
    fn check_bind(&self, ip: IpAddr, key: &str, insecure: &str, problems: &mut Vec<Problem>) {
        if ip.is_loopback() {
            return;
        }
        let danger = "there is no authentication yet: whoever reaches this port controls the \
                      Docker Engine, which is to be root on the hosts";
        if self.flag(insecure) {
            log::warn!("{key} is {ip}: {danger}");
        } else {
            let text = format!(
                "{ip} is not a loopback address, and {danger}; if the network is yours alone, say \
                 so with --insecure"
            );
            problems.push(self.problem(key, &text));
        }
    }

    /// That something is needed; none when what was given is a problem already.
    fn lack(&self, key: &str, text: &str) -> Option<Problem> {
        (!self.refused.contains(key)).then(|| self.problem(key, text))
    }

    fn problem(&self, key: &str, text: &str) -> Problem {
        let place = match self.values[key].source.as_str() {
            "default" => key.to_owned(),
            flag if flag.starts_with("--") => flag.to_owned(),
            source => format!("{source}: {key}"),
        };
        let text = text.to_owned();
        Problem { place, text }
    }

    fn duration(&self, key: &str) -> Duration {
        match self.value(key) {
            Value::Duration(duration) => *duration,
            _ => self.wrong_kind(key),
        }
    }

    fn milliseconds(&self, key: &str) -> u64 {
        self.duration(key).as_millis() as u64
    }

    fn number(&self, key: &str) -> Option<u64> {
        match self.value(key) {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn flag(&self, key: &str) -> bool {
        *self.value(key) == Value::Flag(true)
    }

    /// The table gives a setting another kind than the code here expects, which the first test
    /// that makes options notices.
    fn wrong_kind(&self, key: &str) -> ! {
        let kind = Setting::find(key).map(|setting| setting.kind);
        unreachable!("{key} is {kind:?}: {:?}", self.value(key))
    }
}
