//! From errors to HTTP: the only place of the master that knows status codes of errors.
//!
//! One exhaustive match per kind of error and no `_` arm: a new error does not compile before
//! somebody has decided what it is in HTTP. What is internal stays in the log.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use crate::client;
use crate::core::{NodeId, Rejection, TaskId};
use crate::http::Refusal;
use crate::master::cluster;

/// Seconds after which a client may try again.
const SOON: u32 = 1;
const LATER: u32 = 5;

/// Why a request has no other answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The cluster did not do it, or does not say.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
    /// No such task, asked for reading.
    #[error("task {0} not found")]
    NoTask(TaskId),
    /// No such node, asked for reading.
    #[error("node {0} not found")]
    NoNode(NodeId),
    /// What a header or a query says can't be.
    #[error("{0}")]
    Malformed(String),
    /// The task has not run yet, so it has no logs.
    #[error("task {task} has no logs: {why}")]
    NotStarted {
        /// Which task.
        task: TaskId,
        /// Why it has none.
        why: String,
    },
    /// The node is offline, so its worker can't be asked.
    #[error("node {0} is offline: what it keeps can be read when it is back")]
    NodeOffline(NodeId),
    /// The worker did not give what was asked.
    #[error("node {node}: {error}")]
    Worker {
        /// Which node.
        node: NodeId,
        /// Why not.
        error: client::Error,
    },
    /// The events asked for are no longer kept.
    #[error(
        "events after {after} are not kept (none before {oldest} is kept, the newest is {newest}): \
         list again and follow without `after`"
    )]
    EventsGone {
        /// What was asked for.
        after: u64,
        /// The oldest there is.
        oldest: u64,
        /// The newest there is.
        newest: u64,
    },
    /// A stream of a worker broke.
    #[error(transparent)]
    Broken(#[from] client::Error),
    /// A mistake in the master itself.
    #[error("{0}")]
    Internal(&'static str),
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::Cluster(cluster::Error::Rejected(rejection))
    }
}

impl Error {
    /// As it is answered.
    pub fn refusal(&self) -> Refusal {
        let text = self.to_string();
        match self {
            Self::Cluster(error) => of_cluster(error, text),
            Self::NoTask(_) | Self::NoNode(_) => Refusal::not_found(text),
            Self::Malformed(_) => Refusal::invalid(text),
            Self::NotStarted { .. } => Refusal::conflict("not_started", text),
            Self::NodeOffline(_) => Refusal::unavailable("node_offline", text, LATER),
            Self::Worker { error, .. } | Self::Broken(error) => of_worker(error, text),
            Self::EventsGone { .. } => Refusal::new(StatusCode::GONE, "events_gone", text),
            Self::Internal(_) => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", text),
        }
    }
}

fn of_cluster(error: &cluster::Error, text: String) -> Refusal {
    match error {
        cluster::Error::Rejected(rejection) => of_rejection(rejection, text),
        cluster::Error::Busy => Refusal::unavailable("store_busy", text, SOON),
        cluster::Error::StoreUnavailable(_) => {
            Refusal::unavailable("store_unavailable", text, SOON)
        }
        cluster::Error::OutcomeUnknown(_) => Refusal::unavailable("outcome_unknown", text, SOON),
        cluster::Error::Closed => Refusal::unavailable("shutting_down", text, LATER),
    }
}

fn of_rejection(rejection: &Rejection, text: String) -> Refusal {
    match rejection {
        Rejection::UnknownTask(_) | Rejection::UnknownNode(_) => Refusal::not_found(text),
        Rejection::Invalid { .. } | Rejection::ImpossibleStatus(_) => Refusal::invalid(text),
        Rejection::KeyReused { .. } => Refusal::conflict("idempotency_key_reused", text),
        Rejection::NotEnded { .. } => Refusal::conflict("not_ended", text),
        Rejection::NodeOnline(_) => Refusal::conflict("node_online", text),
        Rejection::NodeIdTaken { .. } => Refusal::conflict("node_id_taken", text),
        Rejection::AddressTaken { .. } => Refusal::conflict("address_taken", text),
    }
}

fn of_worker(error: &client::Error, text: String) -> Refusal {
    match error {
        client::Error::Unreachable { .. } | client::Error::Timeout { .. } => {
            Refusal::unavailable("node_unreachable", text, LATER)
        }
        client::Error::Malformed { .. } => Refusal::unavailable("node_malformed", text, LATER),
        client::Error::Status { status: 400, .. } => Refusal::invalid(text),
        client::Error::Status { status: 404, .. } => Refusal::not_found(text),
        client::Error::Status { status: 409, .. } => Refusal::conflict("not_started", text),
        client::Error::Status { .. } => Refusal::unavailable("node_failed", text, LATER),
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.refusal().status_code()
    }

    fn error_response(&self) -> HttpResponse {
        self.refusal().error_response()
    }
}

/// For the API's document: what every endpoint may answer instead.
pub struct Refused;

impl utoipa::IntoResponses for Refused {
    fn responses()
    -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
        use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
        let body = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("ErrorBody")))
            .build();
        let response = ResponseBuilder::new()
            .description("Any other status: what happened, for people and for programs")
            .content("application/json", body)
            .build();
        [("default".to_owned(), response.into())].into()
    }
}
