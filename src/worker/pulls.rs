//! Pulls in progress: one per image however many tasks want it, and who looks on sees all of it.
//!
//! A pull that nobody waits for any more is ended. Progress is kept per layer, so that somebody who
//! comes late sees where each layer is and then what follows.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::{Stream, StreamExt, stream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::runtime::{Error, Runtime};
use crate::board::{Reader, board};
use crate::wire::PullProgress;

/// Images pulled at a time: more only share the host's network and disk.
const AT_ONCE: usize = 4;
/// Steps a watcher may be behind before it misses some: it then goes on with newer ones.
const STEPS_KEPT: usize = 256;

/// The pulls in progress.
pub struct Pulls {
    runtime: Arc<dyn Runtime>,
    by_image: Mutex<ByImage>,
    turns: Arc<Semaphore>,
}

/// How it ended, once it did.
type Done = Reader<Option<Result<(), Error>>>;

type ByImage = HashMap<String, Weak<Pull>>;

/// One pull; dropped by its last waiter, it is ended.
struct Pull {
    done: Done,
    progress: Arc<Progress>,
    _ended_with_this: DropGuard,
}

struct Progress {
    layers: Mutex<BTreeMap<Option<String>, PullProgress>>,
    steps: broadcast::Sender<PullProgress>,
}

impl Pulls {
    /// None yet.
    pub fn new(runtime: Arc<dyn Runtime>) -> Self {
        Self {
            runtime,
            by_image: Mutex::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Pulls an image, or waits for the pull that is under way. Cancel-safe: who stops waiting
    /// ends the pull only when nobody else waits for it.
    pub async fn pull(&self, image: &str) -> Result<(), Error> {
        let pull = self.join(image);
        match pull.done.wait_for(Option::is_some).await {
            Ok(()) => pull.done.look(Clone::clone).unwrap_or(Ok(())),
            Err(_) => Err(Error::Other {
                operation: "pull",
                why: "the pull was cut off".into(),
            }),
        }
    }

    /// The steps of the pull of this image, until it is over; none when it isn't pulled now.
    pub fn watch(&self, image: &str) -> Option<impl Stream<Item = PullProgress> + use<>> {
        let pull = running(&self.lock(), image)?;
        let progress = Arc::clone(&pull.progress);
        let done = pull.done.clone();
        drop(pull); // looking on does not keep it going
        Some(progress.follow(done))
    }

    fn lock(&self) -> MutexGuard<'_, ByImage> {
        self.by_image.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, image: &str) -> Arc<Pull> {
        // Looked up and entered under one lock: else two who come at once would pull twice.
        let mut by_image = self.lock();
        if let Some(pull) = running(&by_image, image) {
            return pull;
        }
        let pull = self.begin(image.to_owned());
        by_image.retain(|_, other| other.strong_count() > 0);
        by_image.insert(image.to_owned(), Arc::downgrade(&pull));
        pull
    }

    fn begin(&self, image: String) -> Arc<Pull> {
        let (says_done, done) = board(None);
        let progress = Arc::new(Progress {
            layers: Mutex::default(),
            steps: broadcast::Sender::new(STEPS_KEPT),
        });
        let nobody_waits = CancellationToken::new();
        let runtime = Arc::clone(&self.runtime);
        let sink = Arc::clone(&progress);
        let token = nobody_waits.clone();
        let turns = Arc::clone(&self.turns);
        tokio::spawn(async move {
            let pulling = async {
                let _turn = turns.acquire().await;
                let sink = Box::new(move |step| sink.note(step));
                runtime.pull(&image, sink).await
            };
            tokio::select! {
                biased;
                result = pulling => says_done.write(Some(result)),
                () = token.cancelled() => log::info!("pull of {image} ended: nobody waits for it"),
            }
        });
        Arc::new(Pull {
            done,
            progress,
            _ended_with_this: nobody_waits.drop_guard(),
        })
    }
}

fn running(by_image: &ByImage, image: &str) -> Option<Arc<Pull>> {
    let pull = by_image.get(image)?.upgrade()?;
    pull.done.look(Option::is_none).then_some(pull)
}

impl Progress {
    fn note(&self, step: PullProgress) {
        let mut layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        layers.insert(step.layer.clone(), step.clone());
        // Sent under the lock, so that a newcomer sees each step once: in the list or after it.
        let _nobody_watches = self.steps.send(step);
    }

    /// What is known so far, then what follows, until the pull is over.
    fn follow(self: Arc<Self>, done: Done) -> impl Stream<Item = PullProgress> {
        let layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        let so_far: Vec<PullProgress> = layers.values().cloned().collect();
        let steps = self.steps.subscribe();
        drop(layers);
        let then = stream::unfold((steps, done), async |(mut steps, done)| {
            loop {
                let step = tokio::select! {
                    biased;
                    step = steps.recv() => step,
                    _ = done.wait_for(Option::is_some) => return None,
                };
                match step {
                    Ok(step) => return Some((step, (steps, done))),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        });
        stream::iter(so_far).chain(then)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;
    use crate::worker::runtime::scripted::Scripted;

    #[tokio::test]
    async fn who_comes_at_once_shares_one_pull() {
        let pulls = Pulls::new(Arc::new(Scripted::default()));
        let handle = tokio::runtime::Handle::current();
        for round in 0..200 {
            let image = format!("image-{round}");
            let together = Barrier::new(4);
            let join = || {
                let _entered = handle.enter();
                together.wait();
                pulls.join(&image)
            };
            let joined: Vec<Arc<Pull>> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(join)).collect();
                threads.into_iter().map(|it| it.join().unwrap()).collect()
            });
            assert!(joined.iter().all(|pull| Arc::ptr_eq(pull, &joined[0])));
        }
    }
}
