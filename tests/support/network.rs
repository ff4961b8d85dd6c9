//! A network for one test: hosts that are network namespaces, on a switch that is one too. Cables
//! can be cut, one way or both, and made to lose packets. The names are this process's own, and
//! everything is gone when it is dropped, also after a failed assertion. What a process left that
//! was killed (a test that hung) goes when the next one makes a network.

use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sched::{CloneFlags, setns};

use super::process::is_alive;

/// How the names of all hosts begin, before the number of the process that made them.
const PREFIX: &str = "podling";

/// Hosts on one switch: 10.0.0.1 and so on, each in a network namespace of its own.
pub struct Network {
    tag: String,
    hosts: u32,
}

/// A host on a [`Network`].
#[derive(Clone)]
pub struct Host {
    namespace: String,
    switch: String,
    port: String,
    /// Its address, and its only one beside the loopback.
    pub address: String,
}

/// What one direction of a cable does to packets.
#[derive(Clone, Copy)]
pub enum Cable {
    /// It takes them all.
    Whole,
    /// It takes none, not even to find out an address.
    Cut,
    /// It loses so many in a hundred, at random.
    Loses(u8),
    /// It takes all but those to a TCP port: nobody gets a connection there.
    Without(u16),
}

impl Network {
    /// A switch without hosts.
    pub fn new() -> Self {
        sweep();
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let network = Self {
            tag: format!("{PREFIX}{}-{number}", std::process::id()),
            hosts: 0,
        };
        let switch = network.switch();
        ip(&format!("netns add {switch}"));
        ip(&format!("-n {switch} link add lan type bridge"));
        ip(&format!("-n {switch} link set lan up"));
        network
    }

    fn switch(&self) -> String {
        format!("{}-switch", self.tag)
    }

    /// One more host.
    pub fn host(&mut self) -> Host {
        self.hosts += 1;
        let number = self.hosts;
        let host = Host {
            namespace: format!("{}-{number}", self.tag),
            switch: self.switch(),
            port: format!("port{number}"),
            address: format!("10.0.0.{number}"),
        };
        let Host {
            namespace,
            switch,
            port,
            address,
        } = &host;
        ip(&format!("netns add {namespace}"));
        ip(&format!(
            "link add {port} netns {switch} type veth peer name cable netns {namespace}"
        ));
        ip(&format!("-n {switch} link set {port} master lan up"));
        ip(&format!(
            "-n {namespace} address add {address}/24 dev cable"
        ));
        ip(&format!("-n {namespace} link set cable up"));
        ip(&format!("-n {namespace} link set lo up"));
        host
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let hosts = (1..=self.hosts).map(|number| format!("{}-{number}", self.tag));
        for namespace in hosts.chain([self.switch()]) {
            delete(&namespace);
        }
    }
}

/// Removes the hosts of processes that are gone; their cables go with them.
fn sweep() {
    let hosts = std::fs::read_dir("/run/netns").into_iter().flatten();
    let names = hosts.flatten().map(|host| host.file_name());
    for name in names.filter_map(|name| name.into_string().ok()) {
        let maker = name.strip_prefix(PREFIX).and_then(|rest| {
            let (process, _) = rest.split_once('-')?;
            process.parse().ok()
        });
        if maker.is_some_and(|process| !is_alive(process)) {
            delete(&name);
        }
    }
}

/// Another process may be about to delete the same one.
fn delete(namespace: &str) {
    let _ = Command::new("ip")
        .args(["netns", "delete", namespace])
        .status();
}

impl Host {
    /// A program that is to run on this host.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace, program]);
        command
    }

    /// Does something on this host, in a thread of its own.
    pub fn visit<R: Send>(&self, act: impl FnOnce() -> R + Send) -> R {
        let namespace = File::open(format!("/run/netns/{}", self.namespace)).expect("the host");
        std::thread::scope(|scope| {
            let visit = scope.spawn(move || {
                setns(&namespace, CloneFlags::CLONE_NEWNET).expect("a thread on the host");
                act()
            });
            visit
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// What becomes of what it is sent, and of what it sends.
    pub fn cable(&self, to_it: Cable, from_it: Cable) {
        // Where packets come in, a dropped one is just gone; where they go out, the sender is told.
        nft(&self.namespace, "cable", to_it);
        nft(&self.switch, &self.port, from_it);
    }
}

fn nft(namespace: &str, device: &str, cable: Cable) {
    let rule = match cable {
        Cable::Whole => String::new(),
        Cable::Cut => "drop".into(),
        Cable::Loses(percent) => format!("numgen random mod 100 < {percent} drop"),
        Cable::Without(port) => format!("tcp dport {port} drop"),
    };
    let table = format!("netdev {device}");
    let rules = format!(
        "table {table}\ndelete table {table}\ntable {table} {{\n chain packets {{\n  \
         type filter hook ingress device {device} priority 0\n  {rule}\n }}\n}}\n"
    );
    let mut nft = Command::new("ip");
    nft.args(["netns", "exec", namespace, "nft", "-f", "-"]);
    let mut nft = nft.stdin(Stdio::piped()).spawn().expect("nft");
    let mut input = nft.stdin.take().expect("a pipe");
    input.write_all(rules.as_bytes()).expect("nft reads");
    drop(input);
    assert!(nft.wait().expect("nft ends").success(), "nft: {rules}");
}

fn ip(arguments: &str) {
    let ip = Command::new("ip")
        .args(arguments.split_whitespace())
        .output();
    let ip = ip.expect("the ip command (make test-tools installs what is needed)");
    assert!(
        ip.status.success(),
        "ip {arguments}: {}\nThis test makes network namespaces, for which it has to be root.",
        String::from_utf8_lossy(&ip.stderr)
    );
}
