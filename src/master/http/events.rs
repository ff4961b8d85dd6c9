//! `GET /api/v1/events`: the cluster's events as server-sent events.
//!
//! Subscribe first, then look at the ring, then wait: no event is missed and none comes twice.
//! Only durable events are shown. Who reads so slowly that the live channel overflows is served
//! from the ring again; who falls behind the ring too is cut off, comes back with
//! `Last-Event-ID`, gets 410 and lists again.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use tokio::sync::broadcast::{Receiver, error::RecvError, error::TryRecvError};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;

use super::error::Refused;
use super::{Data, Error};
use crate::core::Event;
use crate::http::Query;
use crate::master::cluster::Cluster;
use crate::master::convert;
use crate::master::feed::Committed;

/// A comment goes out when nothing else did for so long: proxies close silent connections, and a
/// client that is gone shows when it is written to.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How many events go out in one piece.
const PIECE: usize = 64;

/// The query of the stream of events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// The sequence number after which to begin; left out: with the oldest that is kept.
    after: Option<u64>,
    /// Whether to go on with what happens from now on; `true` when left out.
    follow: Option<bool>,
}

/// The cluster's events, oldest first, each with its sequence number as `id`.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "cluster",
    params(
        Which,
        ("Last-Event-ID" = Option<u64>, Header, description = "As `after`, when a browser resumes"),
    ),
    responses(
        (status = 200, description = "Server-sent events", content_type = "text/event-stream", body = String),
        (status = 410, description = "Too old: list again", body = crate::wire::ErrorBody),
        Refused,
    ),
)]
pub async fn events(
    shared: Data,
    request: HttpRequest,
    query: Query<Which>,
) -> Result<HttpResponse, Error> {
    let after = match last_event_id(&request)? {
        Some(id) => Some(id),
        None => query.0.after,
    };
    // Ordering: subscribe before looking.
    let live = shared.followers.subscribe();
    let kept = kept(&shared.cluster, after)?;
    let follow = Follow {
        last: kept.back().map_or(after.unwrap_or(0), |last| last.sequence),
        waiting: kept,
        live: query.0.follow.unwrap_or(true).then_some(live),
        cluster: shared.cluster.clone(),
        stop: shared.stop.clone(),
    };
    Ok(HttpResponse::Ok()
        .insert_header(ContentType(mime()))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(follow.into_stream()))
}

fn mime() -> actix_web::mime::Mime {
    actix_web::mime::TEXT_EVENT_STREAM
}

fn last_event_id(request: &HttpRequest) -> Result<Option<u64>, Error> {
    let Some(value) = request.headers().get("Last-Event-ID") else {
        return Ok(None);
    };
    let id = value.to_str().ok().and_then(|text| text.parse().ok());
    let malformed = || Error::Malformed("Last-Event-ID: has to be a sequence number".into());
    id.map(Some).ok_or_else(malformed)
}

/// The durable events after `after` that are still kept.
fn kept(cluster: &Cluster, after: Option<u64>) -> Result<VecDeque<Arc<Event>>, Error> {
    let durable = cluster.progress().look(|progress| progress.event);
    cluster.read(|state| {
        let oldest = state.oldest_event();
        let after = after.unwrap_or(oldest - 1);
        // A number from the future comes from another cluster, or from before its store was lost.
        if after + 1 < oldest || after > state.last_event() {
            return Err(Error::EventsGone {
                after,
                oldest,
                newest: state.last_event(),
            });
        }
        let newer = state.events_after(after).unwrap_or_default();
        let durable = newer.into_iter().filter(|event| event.sequence <= durable);
        Ok(durable.collect())
    })
}

/// One client's place in the stream.
struct Follow {
    last: u64,
    waiting: VecDeque<Arc<Event>>,
    live: Option<Receiver<Committed>>,
    cluster: Arc<Cluster>,
    stop: CancellationToken,
}

impl Follow {
    fn into_stream(self) -> impl Stream<Item = Result<web::Bytes, Infallible>> {
        stream::unfold(self, |mut follow| async move {
            let piece = follow.next_piece().await?;
            Some((Ok(piece), follow))
        })
    }

    /// What is written next; none when the stream ends.
    async fn next_piece(&mut self) -> Option<web::Bytes> {
        while self.waiting.is_empty() {
            let live = self.live.as_mut()?;
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                committed = live.recv() => match committed {
                    Ok(changes) => self.take(&changes),
                    Err(RecvError::Lagged(_)) => self.look_again()?,
                    Err(RecvError::Closed) => return None,
                },
                () = sleep(KEEP_ALIVE) => return Some(web::Bytes::from_static(b": keep-alive\n\n")),
            }
        }
        let mut text = String::new();
        for event in self.waiting.drain(..PIECE.min(self.waiting.len())) {
            write_event(&mut text, &event);
        }
        Some(text.into())
    }

    fn take(&mut self, changes: &Committed) {
        for change in changes.iter() {
            if change.event.sequence > self.last {
                self.last = change.event.sequence;
                self.waiting.push_back(change.event.clone());
            }
        }
    }

    fn look_again(&mut self) -> Option<()> {
        let live = self.live.as_mut()?;
        // What is skipped here is in the ring: it became durable before this look.
        while !matches!(
            live.try_recv(),
            Err(TryRecvError::Empty | TryRecvError::Closed)
        ) {}
        self.waiting = kept(&self.cluster, Some(self.last)).ok()?;
        self.last = self.waiting.back().map_or(self.last, |last| last.sequence);
        Some(())
    }
}

fn write_event(text: &mut String, event: &Event) {
    let json = serde_json::to_string(&convert::event(event)).unwrap_or_default();
    // Writing to a String can't fail.
    let _ = write!(
        text,
        "id: {}\nevent: {}\ndata: {json}\n\n",
        event.sequence,
        event.kind.as_str()
    );
}
