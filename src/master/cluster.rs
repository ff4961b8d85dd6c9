//! The cluster's state behind its lock: the only lock of the master.
//!
//! The way of every change: the store works, as far as is known → reserve a place in the commit
//! queue (a slow store pushes back here, before anything is decided) → lock → decide → apply → queue the changes → unlock → wait until
//! they are durable → answer. The lock is never held over an await, and is held only as long as
//! deciding takes: nothing is serialised or sent under it.
//!
//! Who reads to answer a question of a user reads memory. Who answers a command waits, also when
//! it changed nothing: "it is so already" may rest on a change that is not durable yet, or on the
//! memory of a master that was replaced. So the store is asked, too, whether this one still is the
//! master; only a heartbeat that leads to no orders does without.

mod queue;
mod room;

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::timeout;

use self::queue::Until;
pub use self::queue::{CommitterEnds, Decided, Progress};
use self::room::may_make_room;
use super::committer::StoreTrouble;
use super::heard::Heard;
use crate::board::{Reader, board};
use crate::clock::SharedClock;
use crate::core::{Change, Command, NodeId, Now, Rejection, State, decide};
use crate::mutant::{self, Mutant};

/// How many decisions may wait for the store.
const QUEUE: usize = 4096;

/// Why a command has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The rules are against it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// So much waits for the store that nothing more is taken. Nothing was decided.
    #[error("the store does not keep up: nothing was changed, try again")]
    Busy,
    /// The store is known not to take writes. Nothing was decided.
    #[error("the store takes no writes now ({0}): nothing was changed, try again")]
    StoreUnavailable(String),
    /// Decided, but not known to be durable.
    #[error(
        "outcome unknown: the store has not confirmed the change within {} s; \
         ask again, or repeat it with the same Idempotency-Key",
        .0.as_secs_f32()
    )]
    OutcomeUnknown(Duration),
    /// The commit task has ended.
    #[error("the master is shutting down")]
    Closed,
}

/// The cluster's state behind its lock.
pub struct Cluster {
    inner: Mutex<Inner>,
    queue: mpsc::Sender<Decided>,
    progress: Reader<Progress>,
    room: Notify,
    clock: SharedClock,
    commit_timeout: Duration,
    trouble: Option<watch::Receiver<StoreTrouble>>,
    id: String,
}

struct Inner {
    state: State,
    /// The number of the last decision that was queued.
    decided: u64,
}

/// How a command is answered that changed nothing.
#[derive(Debug, Clone, Copy)]
enum NoChange {
    /// From memory, once all of it is durable.
    FromMemory,
    /// The same, once the store has said, too, that this is still the master.
    AskTheStore,
}

impl Inner {
    /// Ordering: called under the lock, so the queue has the order of the decisions.
    fn queue(&mut self, place: mpsc::Permit<'_, Decided>, changes: Vec<Change>) -> Until {
        self.decided += 1;
        let (durable, committed) = oneshot::channel();
        place.send(Decided {
            number: self.decided,
            changes,
            durable,
        });
        Until::Committed(committed)
    }
}

impl Cluster {
    /// A cluster in this state, all of which is durable.
    pub fn new(
        state: State,
        clock: SharedClock,
        commit_timeout: Duration,
    ) -> (Self, CommitterEnds) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let durable = Progress {
            number: 0,
            event: state.last_event(),
        };
        let (progress_sender, progress) = board(durable);
        let cluster = Self {
            inner: Mutex::new(Inner { state, decided: 0 }),
            queue: sender,
            progress,
            room: Notify::new(),
            clock,
            commit_timeout,
            trouble: None,
            id: String::new(),
        };
        let ends = CommitterEnds {
            queue: receiver,
            progress: progress_sender,
        };
        (cluster, ends)
    }

    /// Refuses commands at once while the store is in trouble.
    #[must_use]
    pub fn heeding(self, trouble: watch::Receiver<StoreTrouble>) -> Self {
        Self {
            trouble: Some(trouble),
            ..self
        }
    }

    /// The same, with an id.
    #[must_use]
    pub fn with_id(self, id: String) -> Self {
        Self { id, ..self }
    }

    /// Which cluster it is: its store says so, from the first start on. Empty: it has no id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Carries a command out and answers when it is durable with what `read` saw right after it.
    ///
    /// Cancel-safe: when the caller goes away before the decision nothing happens, after it the
    /// change is queued and becomes durable without it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn mutate<R>(
        &self,
        command: Command,
        read: impl FnOnce(&State, &[Change]) -> R,
    ) -> Result<R, Error> {
        let heard = Heard::by(&command);
        let no_change = match command {
            // By far the most commands; mostly the answer is that there is nothing to do.
            Command::Heartbeat(_) => NoChange::FromMemory,
            _ => NoChange::AskTheStore,
        };
        let reserved = match self.trouble() {
            Some(why) => Err(Error::StoreUnavailable(why)),
            None => self.reserve().await,
        };
        let place = match reserved {
            Ok(place) => place,
            Err(error) => {
                // A node that is only heard must not be lost because of the store.
                heard.note_alive(&mut self.lock().state, self.clock.now());
                return Err(error);
            }
        };
        let (until, answer) = self.change(
            place,
            no_change,
            |state, now| decide::decide(state, command, now),
            |state, changes, now| {
                if heard.note(state, now) {
                    self.room.notify_one();
                }
                read(state, changes)
            },
        );
        self.durable(until).await?;
        Ok(answer?)
    }

    /// Lets a rule of `core::reconcile` change what it finds wrong; says how many changes it made.
    /// Nobody is answered, so nothing is waited for.
    ///
    /// # Errors
    /// [`Error::Busy`] or [`Error::Closed`].
    pub async fn reconcile(
        &self,
        rule: impl FnOnce(&State, Now) -> Vec<Change>,
    ) -> Result<usize, Error> {
        let place = self.reserve().await?;
        let (_, made) = self.change(
            place,
            NoChange::FromMemory,
            |state, now| Ok(rule(state, now)),
            |_, changes, _| changes.len(),
        );
        Ok(made?)
    }

    /// Waits until the store has said that nobody has taken this master's place: for answers that
    /// rest on memory and must not come from a master that was replaced.
    ///
    /// # Errors
    /// As [`Cluster::mutate`], but for [`Error::Rejected`].
    pub async fn still_leads(&self) -> Result<(), Error> {
        let place = self.reserve().await?;
        let until = self.lock().queue(place, vec![]);
        self.durable(until).await
    }

    /// Waits until all that was decided so far is durable.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`].
    pub async fn settled(&self) -> Result<(), Error> {
        let decided = self.lock().decided;
        self.durable(Until::Reached(decided)).await
    }

    /// Decides, applies and queues; says what has to be durable before anybody is told of it. A
    /// rejection, too, may rest on what is not durable yet.
    fn change<R>(
        &self,
        place: mpsc::Permit<'_, Decided>,
        no_change: NoChange,
        decision: impl FnOnce(&State, Now) -> Result<Vec<Change>, Rejection>,
        read: impl FnOnce(&mut State, &[Change], Now) -> R,
    ) -> (Until, Result<R, Rejection>) {
        let mut inner = self.lock();
        let now = self.clock.now();
        // Before, because what is decided must not rest on a time that was just set; and after,
        // because what was decided counts from now on.
        inner.state.note_time(now);
        let (changes, answer) = match decision(&inner.state, now) {
            Ok(changes) => {
                for change in &changes {
                    inner.state.apply(change);
                }
                inner.state.note_time(now);
                let answer = read(&mut inner.state, &changes, now);
                (changes, Ok(answer))
            }
            Err(rejection) => (vec![], Err(rejection)),
        };
        if changes
            .iter()
            .any(|change| may_make_room(change.event.kind))
        {
            self.room.notify_one();
        }
        let until = match (changes.is_empty(), no_change) {
            (true, NoChange::FromMemory) => Until::Reached(inner.decided),
            (true, NoChange::AskTheStore) | (false, _) => inner.queue(place, changes),
        };
        (until, answer)
    }

    /// A place in the commit queue: where a store that does not keep up is felt.
    async fn reserve(&self) -> Result<mpsc::Permit<'_, Decided>, Error> {
        match self.queue.try_reserve() {
            Ok(place) => Ok(place),
            Err(mpsc::error::TrySendError::Closed(())) => Err(Error::Closed),
            Err(mpsc::error::TrySendError::Full(())) => {
                match timeout(self.commit_timeout, self.queue.reserve()).await {
                    Ok(place) => place.map_err(|_| Error::Closed),
                    Err(_) => Err(Error::Busy),
                }
            }
        }
    }

    /// Why the store takes no writes. What was decided before still waits for it, and is what finds
    /// out that it works again; more would only wait with it, each with an outcome its caller does
    /// not know.
    fn trouble(&self) -> StoreTrouble {
        self.trouble.as_ref()?.borrow().clone()
    }

    /// Waits until it is durable. Who waits for its own decision is woken once, and not by every batch.
    async fn durable(&self, until: Until) -> Result<(), Error> {
        if mutant::is(Mutant::AnswerBeforeCommit) {
            return Ok(());
        }
        let reached = async {
            match until {
                Until::Committed(committed) => committed.await.is_ok(),
                Until::Reached(number) => {
                    let reached = |progress: &Progress| progress.number >= number;
                    self.progress.wait_for(reached).await.is_ok()
                }
            }
        };
        match timeout(self.commit_timeout, reached).await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Error::OutcomeUnknown(self.commit_timeout)),
        }
    }

    /// Looks at the state. `look` should be quick and copy out what it needs: everybody waits.
    pub fn read<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.lock().state)
    }

    /// The worker answered the master, or did not.
    pub fn probed(&self, node: &NodeId, answered: bool) {
        let mut inner = self.lock();
        let now = self.clock.now();
        inner.state.probed(node, answered, now);
    }

    /// How far the store has come, to wait for.
    pub fn progress(&self) -> Reader<Progress> {
        self.progress.clone()
    }

    /// How many decisions wait for the store.
    pub fn queued(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// The clock decisions are made by.
    pub fn clock(&self) -> &SharedClock {
        &self.clock
    }

    /// Returns when something changed that may let a pending task be placed.
    pub async fn room(&self) {
        self.room.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|_| {
            // Somebody panicked while changing the state: memory may differ from what will be
            // stored. What is durable is right, so the way back to a right state is a new start.
            log::error!("a panic left the cluster's state half changed: the master ends at once");
            std::process::exit(1)
        })
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").finish_non_exhaustive()
    }
}
