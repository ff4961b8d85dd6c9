//! Committed changes, for those who act on them: the dispatcher and whoever follows along.
//!
//! Only what is durable comes through here, so nothing that is sent on because of it can be taken
//! back by a crash (invariant 1).

use std::sync::Arc;

use tokio::sync::{broadcast, mpsc};

use crate::core::Change;

/// How many batches a follower may lag behind before it has to look at the state again.
const LAG: usize = 256;

/// The changes of one transaction, in the order decided.
pub type Committed = Arc<[Change]>;

/// Where committed changes are put in.
#[derive(Debug)]
pub struct Feed {
    dispatcher: mpsc::UnboundedSender<Committed>,
    followers: broadcast::Sender<Committed>,
}

/// Where followers subscribe.
#[derive(Debug, Clone)]
pub struct Followers(broadcast::Sender<Committed>);

impl Feed {
    /// A feed, what the dispatcher reads of it, and where others subscribe.
    ///
    /// The dispatcher must see every change, so its end is not bounded; it only notes what it
    /// sees, per task, so it never lags for long.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Committed>, Followers) {
        let (dispatcher, dispatched) = mpsc::unbounded_channel();
        let (followers, _) = broadcast::channel(LAG);
        let subscribe = Followers(followers.clone());
        let feed = Self {
            dispatcher,
            followers,
        };
        (feed, dispatched, subscribe)
    }

    /// Shows these changes, which are durable.
    pub fn publish(&self, changes: Committed) {
        // Nobody listening is fine: at shutdown the dispatcher ends first.
        let _ = self.followers.send(changes.clone());
        let _ = self.dispatcher.send(changes);
    }
}

impl Followers {
    /// Everything committed from now on. Who lags too far is told so and looks again.
    pub fn subscribe(&self) -> broadcast::Receiver<Committed> {
        self.0.subscribe()
    }
}
