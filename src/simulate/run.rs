//! Simulated nodes from start to end.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::gate::{AT_ONCE, Gate, Passage};
use super::watch::watch;
use super::{Error, MOST_NODES, Options, address, door, node};
use crate::client::{MasterClient, Transport};
use crate::clock::SystemClock;
use crate::open_files;
use crate::worker::{Parts, run_many};

/// Open files beside the connections: the runtimes, the log, the listener.
const OWN_FILES: u64 = 64;

/// Simulates nodes until `token` is cancelled and all have left, as far as the master hears of it.
///
/// # Errors
/// It can't begin: too many nodes, too few open files, the port in use. Or the master keeps refusing
/// a node as another's. A master that is away is no error: it is waited for.
pub async fn run(options: Options, token: CancellationToken) -> Result<(), Error> {
    let nodes = options.nodes;
    check_open_files(nodes, open_files::raise())?;
    let transport = Transport::start().map_err(Error::Client)?;
    let gate = Gate::new(MasterClient::new(transport, &options.master_url));
    let workers = workers(&options, &gate)?;
    let listener = door::open(options.port)?;
    tell_where(&options, &workers);

    let watch = AbortOnDropHandle::new(tokio::spawn(watch(Arc::clone(&gate), nodes)));
    let leaving = AbortOnDropHandle::new(tokio::spawn(tell_leaving(options, token.clone())));
    let result = run_many(workers, listener, token).await;
    watch.abort();
    leaving.abort();
    let left = gate.counts.left.load(Ordering::Relaxed);
    if left == u64::from(nodes) {
        log::info!("all {nodes} nodes have signed off");
    } else if result.is_ok() {
        log::warn!("{left} of {nodes} nodes could sign off; the master will miss the others");
    }
    Ok(result?)
}

fn check_open_files(nodes: u32, allowed: u64) -> Result<(), Error> {
    let needed = u64::from(nodes) + AT_ONCE as u64 + OWN_FILES;
    match needed <= allowed {
        true => Ok(()),
        false => Err(Error::OpenFiles {
            nodes,
            needed,
            allowed,
        }),
    }
}

fn workers(options: &Options, gate: &Arc<Gate>) -> Result<Vec<(IpAddr, Parts)>, Error> {
    if !(1..=MOST_NODES).contains(&options.nodes) {
        return Err(Error::TooMany(options.nodes));
    }
    let clock = SystemClock::shared();
    let worker = |number| {
        let address = address::of(number)?;
        let parts = Parts::new(
            node::worker_options(options, number, address),
            Arc::new(node::engine(options, number)),
            Arc::new(Passage::new(Arc::clone(gate))),
            Arc::clone(&clock),
        );
        Some((IpAddr::V4(address), parts))
    };
    Ok((1..=options.nodes).filter_map(worker).collect())
}

fn tell_where(options: &Options, workers: &[(IpAddr, Parts)]) {
    let addresses = workers.first().zip(workers.last());
    if let Some(((first, _), (last, _))) = addresses {
        log::info!(
            "simulated nodes: {}, from {} at {first} to {} at {last}, port {}",
            options.nodes,
            node::id(&options.prefix, 1),
            node::id(&options.prefix, options.nodes),
            options.port
        );
    }
}

async fn tell_leaving(options: Options, token: CancellationToken) {
    token.cancelled().await;
    log::info!(
        "the nodes leave: their tasks get {} s to end, then they are stopped",
        options.shutdown_timeout.as_secs()
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::node::tests::options;

    #[test]
    fn too_few_open_files_are_told_with_the_figures() {
        assert!(check_open_files(6_100, 20_000).is_ok());
        let error = check_open_files(6_100, 4_096).unwrap_err().to_string();
        let expected = "6100 nodes need 6292 open files, and this process may have 4096";
        assert!(error.starts_with(expected), "{error}");
    }

    #[tokio::test]
    async fn no_nodes_and_too_many_are_refused() {
        let transport = Transport::start().unwrap();
        let gate = Gate::new(MasterClient::new(transport, "http://127.0.0.1:1"));
        for nodes in [0, MOST_NODES + 1] {
            let options = Options { nodes, ..options() };
            let error = workers(&options, &gate).err().unwrap().to_string();
            assert!(error.contains("simulates 1 to 25000"), "{error}");
        }
    }
}
