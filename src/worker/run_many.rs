//! Many workers in one process, behind one listener: simulated nodes.

use std::collections::HashMap;
use std::future::pending;
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::parts::Parts;
use super::{Error, http};

/// Runs these workers until `token` is cancelled and all of them are in order. A request is for the
/// one whose address was dialled. The first that can't go on ends the others, as `token` does.
///
/// # Errors
/// What that first one says, as for [`super::run()`]; or the server can't go on.
pub async fn run_many(
    workers: Vec<(IpAddr, Parts)>,
    listener: TcpListener,
    token: CancellationToken,
) -> Result<(), Error> {
    let streams = CancellationToken::new();
    let state = |parts: &Parts| http::State::new(parts.orders(), streams.clone());
    let states: HashMap<_, _> = workers
        .iter()
        .map(|(address, parts)| (*address, state(parts)))
        .collect();
    let whom = http::Whom::ByAddress(Arc::new(states));
    let server = http::server(whom, http::Place::Loopback(listener)).map_err(Error::Server)?;
    let handle = server.handle();
    let mut server = tokio::spawn(server);

    let mut running = JoinSet::new();
    for (_, parts) in workers {
        let token = token.clone();
        running.spawn(async move { parts.run(&token, pending()).await });
    }
    let mut result = Ok(());
    loop {
        tokio::select! {
            biased;
            ended = running.join_next() => match ended {
                None => break,
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => {
                    result = result.and(Err(error));
                    token.cancel();
                }
                Some(Err(_panicked)) => {
                    result = result.and(Err(Error::Ended("a worker")));
                    token.cancel();
                }
            },
            ended = &mut server => {
                // Nobody can be served any more.
                return Err(match ended {
                    Ok(Err(error)) => Error::Server(error),
                    Ok(Ok(())) | Err(_) => Error::Ended("the HTTP server"),
                });
            }
        }
    }
    streams.cancel();
    handle.stop(true).await;
    result
}
