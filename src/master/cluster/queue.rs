//! What connects the cluster with the committer: decisions go there, and how far the store has come
//! comes back.

use tokio::sync::{mpsc, oneshot};

use crate::board::Writer;
use crate::core::Change;

/// The changes of one decision, on their way to the store.
#[derive(Debug)]
pub struct Decided {
    /// Its place in the order of decisions, from 1 on.
    pub number: u64,
    /// What it changes; nothing, when only the fence is to be looked at.
    pub changes: Vec<Change>,
    /// Who waits for it is told when it is durable.
    pub durable: oneshot::Sender<()>,
}

/// How far the store has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Every decision up to this number is durable.
    pub number: u64,
    /// Every event up to this sequence number is durable.
    pub event: u64,
}

/// The committer's ends of what connects it with the [`Cluster`](super::Cluster).
#[derive(Debug)]
pub struct CommitterEnds {
    /// What is to be committed, in the order decided.
    pub queue: mpsc::Receiver<Decided>,
    /// To say how far the store has come.
    pub progress: Writer<Progress>,
}

/// Until when an answer has to wait.
pub(super) enum Until {
    /// Its own decision is durable.
    Committed(oneshot::Receiver<()>),
    /// Every decision up to this number is.
    Reached(u64),
}
