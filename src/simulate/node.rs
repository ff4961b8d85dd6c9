//! One simulated node: what a worker is told at start, and its engine.

use std::net::{IpAddr, Ipv4Addr};

use super::{Options, fate};
use crate::worker;
use crate::worker::runtime::Info;
use crate::worker::runtime::scripted::{Scripted, Setup};

/// Ends of containers that may wait for their worker to look: one that is slower looks at all of
/// them again. Each takes memory in each of thousands of nodes, used or not.
const EVENTS_KEPT: usize = 64;

/// The id of the node of this number: of one length, so that a list by name is one by number.
pub fn id(prefix: &str, number: u32) -> String {
    format!("{prefix}-{number:05}")
}

/// What the worker of the node of this number is told.
pub fn worker_options(options: &Options, number: u32, address: Ipv4Addr) -> worker::Options {
    worker::Options {
        node_id: id(&options.prefix, number),
        hostname: address.to_string(),
        bind: IpAddr::V4(address),
        port: options.port,
        master_url: options.master_url.clone(),
        heartbeat_interval: options.heartbeat_interval,
        shutdown_timeout: options.shutdown_timeout,
        leave_running: false,
        capacity: options.capacity,
        cpu_millicores: Some(options.cpu_millicores),
        memory_bytes: Some(options.memory_bytes),
        labels: options.labels.clone(),
    }
}

/// Its engine, new and empty. Its id goes with the node's, as if it were the same after a restart:
/// the master takes another engine under a known id for another host.
pub fn engine(options: &Options, number: u32) -> Scripted {
    let node_id = id(&options.prefix, number);
    let mut info = Info {
        cpu_millicores: options.cpu_millicores,
        memory_bytes: options.memory_bytes,
        ..Info::default()
    };
    info.engine.name = "simulated".into();
    info.engine.version = env!("CARGO_PKG_VERSION").into();
    info.engine.id = format!("simulated:{node_id}:{}", options.port);
    Scripted::with(Setup {
        info,
        events_kept: EVENTS_KEPT,
        keeps_journal: false,
        draw: Some(fate::of(options, number, node_id)),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::worker::runtime::Runtime;

    pub fn options() -> Options {
        Options {
            nodes: 2,
            prefix: "sim".into(),
            port: 8100,
            master_url: "http://localhost:8080".into(),
            heartbeat_interval: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(10),
            capacity: None,
            cpu_millicores: 2_000,
            memory_bytes: 1 << 30,
            labels: BTreeMap::new(),
            start_latency: "20ms..80ms".parse().unwrap(),
            run_time: Some("5s..60s".parse().unwrap()),
            fail: "0".parse().unwrap(),
            seed: 0,
        }
    }

    #[tokio::test]
    async fn each_node_has_an_engine_an_id_and_an_address_of_its_own() {
        let options = options();
        let [one, two] = [1, 2].map(|number| engine(&options, number));
        let (one, two) = (one.info().await.unwrap(), two.info().await.unwrap());
        assert_ne!(one.engine.id, two.engine.id);
        assert_eq!((one.cpu_millicores, one.memory_bytes), (2_000, 1 << 30));
        let told = worker_options(&options, 2, Ipv4Addr::new(127, 1, 0, 2));
        assert_eq!(
            (told.node_id.as_str(), told.hostname.as_str()),
            ("sim-00002", "127.1.0.2")
        );
    }
}
