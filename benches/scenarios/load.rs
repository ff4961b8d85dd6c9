//! Submissions over kept connections, one request at a time on each, all on one thread.
//!
//! Closed loop: each connection sends its next request when the last was answered, and the latency is from the sending.
//! Open loop: requests have their moments whatever the answers do, and the latency is from that moment, also when no
//! connection was free then. So a master that stands still is seen by everything that should have been sent meanwhile
//! ("coordinated omission").

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::json;
use tokio::time::{sleep_until, timeout};

use crate::http::{Connection, request};
use crate::latency::Latency;

/// What came of it.
pub struct Load {
    pub submitted: u64,
    /// From the first request to the last answer.
    pub took: Duration,
    pub latency: Latency,
}

impl Load {
    pub fn per_second(&self) -> f64 {
        self.submitted as f64 / self.took.as_secs_f64()
    }
}

/// When a closed loop ends.
#[derive(Clone, Copy)]
pub enum Until {
    Passed(Duration),
    Submitted(u64),
}

/// A task that asks for a tenth of a core and 64 MiB.
pub fn task(image: &str) -> String {
    json!({
        "name": "load", "image": image, "env": { "K": "value" },
        "resources": { "requests": { "cpu": "100m", "memory": "64Mi" } },
    })
    .to_string()
}

/// Submits as fast as the answers come.
pub async fn closed(address: &str, connections: usize, until: Until, body: &str) -> Result<Load> {
    let request = request("POST", "/api/v1/tasks", body);
    let open = opened(address, connections).await?;
    let (latency, sent) = (RefCell::new(Latency::new()?), Cell::new(0));
    let start = Instant::now();
    let goes_on = || match until {
        Until::Passed(time) => start.elapsed() < time,
        Until::Submitted(count) => sent.get() < count,
    };
    let submit = async |mut connection: Connection| {
        let mut answer = Vec::new();
        while goes_on() {
            sent.set(sent.get() + 1);
            let begin = Instant::now();
            answer.clear();
            let piece = |piece: &[u8]| answer.extend_from_slice(piece);
            let status = connection.look(&request, piece).await?;
            ensure!(status == 201, refused(status, &answer, sent.get()));
            latency.borrow_mut().record(begin.elapsed());
        }
        anyhow::Ok(())
    };
    // A hundred a second is so slow that something is wrong.
    let patience = match until {
        Until::Passed(time) => time + Duration::from_secs(60),
        Until::Submitted(count) => Duration::from_secs(60 + count / 100),
    };
    timeout(patience, try_join_all(open.into_iter().map(submit)))
        .await
        .context("the submissions do not end")??;
    Ok(Load {
        submitted: sent.get(),
        took: start.elapsed(),
        latency: latency.into_inner(),
    })
}

/// Submits so many at so many a second. `answered` gets the body of each answer, when it was to be sent, and when the
/// answer was there.
pub async fn open(
    address: &str,
    connections: usize,
    (count, per_second): (u64, f64),
    body: &str,
    answered: impl Fn(&[u8], Instant, Instant),
) -> Result<Load> {
    let request = request("POST", "/api/v1/tasks", body);
    let open = opened(address, connections).await?;
    let (latency, next) = (RefCell::new(Latency::new()?), Cell::new(0));
    let start = Instant::now();
    let submit = async |mut connection: Connection| {
        let mut answer = Vec::new();
        while next.get() < count {
            let moment = start + Duration::from_secs_f64(next.get() as f64 / per_second);
            next.set(next.get() + 1);
            sleep_until(moment.into()).await;
            answer.clear();
            let piece = |piece: &[u8]| answer.extend_from_slice(piece);
            let status = connection.look(&request, piece).await?;
            ensure!(status == 201, refused(status, &answer, next.get()));
            let now = Instant::now();
            latency.borrow_mut().record(now - moment);
            answered(&answer, moment, now);
        }
        anyhow::Ok(())
    };
    let patience = Duration::from_secs_f64(60.0 + 10.0 * count as f64 / per_second);
    timeout(patience, try_join_all(open.into_iter().map(submit)))
        .await
        .context("the submissions do not end")??;
    Ok(Load {
        submitted: next.get(),
        took: start.elapsed(),
        latency: latency.into_inner(),
    })
}

fn refused(status: u16, answer: &[u8], number: u64) -> String {
    let answer = String::from_utf8_lossy(answer);
    format!("submission {number} was answered {status}: {answer}")
}

async fn opened(address: &str, connections: usize) -> Result<Vec<Connection>> {
    try_join_all((0..connections).map(|_| Connection::open(address))).await
}
