//! The network: every request and every answer is a message that takes time, and that may be lost,
//! doubled or overtaken.
//!
//! A request belongs to a connection, and a connection to one process: a process that began after a
//! request was sent never sees it. Answers that come after the caller gave up go nowhere.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use podling::client::Error;
use podling::master::cluster::Cluster;
use podling::worker::Orders;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::plan::{Fault, Plan};
use crate::process::Process;
use crate::rng::Rng;
use crate::world::{World, lock};

/// Between the master and a node, or between the master and its users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    ToMaster(usize),
    ToNode(usize),
    OfUsers,
}

/// How one direction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Up,
    Down,
    /// So many percent are lost.
    Lossy(u64),
    /// Down for 3 s of every 10 s.
    Flapping,
}

pub struct Network {
    unreliable: bool,
    inner: Mutex<Inner>,
}

struct Inner {
    to_master: Vec<State>,
    to_node: Vec<State>,
    master: Option<(Arc<Process>, Arc<Cluster>)>,
    workers: Vec<Option<(Arc<Process>, Orders)>>,
}

/// What one request will meet; all of it is drawn when it is sent.
struct Fate {
    out: Duration,
    back: Duration,
    lost: bool,
    answer_lost: bool,
    /// Handled once more, so much later.
    doubled: Option<Duration>,
    /// The handler is dropped when the caller gives up.
    tied: bool,
    /// What is lost is noticed at once (a reset), not by waiting.
    noticed: bool,
}

impl Network {
    pub fn new(plan: &Plan) -> Self {
        let nodes = plan.nodes.len();
        Self {
            unreliable: plan.has(Fault::Unreliable),
            inner: Mutex::new(Inner {
                to_master: vec![State::Up; nodes],
                to_node: vec![State::Up; nodes],
                master: None,
                workers: (0..nodes).map(|_| None).collect(),
            }),
        }
    }

    pub fn set(&self, way: Way, state: State) {
        let mut inner = lock(&self.inner);
        match way {
            Way::ToMaster(node) => inner.to_master[node] = state,
            Way::ToNode(node) => inner.to_node[node] = state,
            Way::OfUsers => {}
        }
    }

    pub fn master_listens(&self, process: &Arc<Process>, cluster: &Arc<Cluster>) {
        lock(&self.inner).master = Some((Arc::clone(process), Arc::clone(cluster)));
    }

    pub fn worker_listens(&self, node: usize, process: &Arc<Process>, orders: Orders) {
        lock(&self.inner).workers[node] = Some((Arc::clone(process), orders));
    }

    /// The process no longer takes requests.
    pub fn closes(&self, process: &Arc<Process>) {
        let mut inner = lock(&self.inner);
        let is_it = |other: &Arc<Process>| Arc::ptr_eq(other, process);
        if inner.master.as_ref().is_some_and(|(other, _)| is_it(other)) {
            inner.master = None;
        }
        for worker in &mut inner.workers {
            if worker.as_ref().is_some_and(|(other, _)| is_it(other)) {
                *worker = None;
            }
        }
    }

    /// The master that listens.
    pub fn master(&self) -> Option<(Arc<Process>, Arc<Cluster>)> {
        lock(&self.inner).master.clone()
    }

    pub fn worker(&self, node: usize) -> Option<(Arc<Process>, Orders)> {
        lock(&self.inner).workers[node].clone()
    }

    fn fate(&self, world: &World, way: Way) -> Fate {
        let bad = self.unreliable && !world.healed.is_cancelled();
        world.draw(|rng| Fate {
            out: delay(rng, bad),
            back: delay(rng, bad),
            lost: bad && rng.percent(5),
            answer_lost: bad && rng.percent(5),
            doubled: (bad && rng.percent(10)).then(|| match way {
                Way::OfUsers => rng.skewed_ms(20),
                Way::ToMaster(_) | Way::ToNode(_) => rng.ms(0, 12_000),
            }),
            tied: rng.percent(50),
            noticed: rng.percent(50),
        })
    }

    /// Whether a message comes through now.
    fn passes(&self, world: &World, way: Way, forth: bool) -> bool {
        let state = {
            let inner = lock(&self.inner);
            match (way, forth) {
                (Way::OfUsers, _) => State::Up,
                (Way::ToMaster(node), true) | (Way::ToNode(node), false) => inner.to_master[node],
                (Way::ToNode(node), true) | (Way::ToMaster(node), false) => inner.to_node[node],
            }
        };
        match state {
            State::Up => true,
            State::Down => false,
            State::Lossy(percent) => !world.percent(percent),
            State::Flapping => world.now_ms() % 10_000 >= 3_000,
        }
    }
}

fn delay(rng: &mut Rng, bad: bool) -> Duration {
    match bad {
        true => rng.skewed_ms(20),
        false => rng.ms(0, 3),
    }
}

/// Who listens, and what they offer.
pub type Found<S> = Option<(Arc<Process>, S)>;

/// How to reach somebody, and what they do.
pub struct Request<S, T> {
    pub way: Way,
    pub limit: Duration,
    pub what: String,
    /// Who listens there now.
    pub find: fn(&World, Way) -> Found<S>,
    pub handle: Arc<dyn Fn(S) -> BoxFuture<'static, Result<T, Error>> + Send + Sync>,
}

/// What comes back: an answer, or a closed connection.
enum Back<T> {
    Answer(Result<T, Error>),
    Broken(&'static str),
}

impl<S: Send + 'static, T: Send + 'static> Request<S, T> {
    /// Sends it and waits for the answer.
    pub async fn send(self, world: &Arc<World>, caller: Option<&Arc<Process>>) -> Result<T, Error> {
        if let Some(caller) = caller {
            caller.step(&self.what).await;
            caller.talks(&self.what);
        }
        let fate = world.network.fate(world, self.way);
        let (answers, answer) = oneshot::channel();
        let gave_up = CancellationToken::new();
        let _tells = gave_up.clone().drop_guard();
        let request = Arc::new(self);
        let sent_ms = world.now_ms();
        if let Some(later) = fate.doubled {
            let (request, world) = (Arc::clone(&request), Arc::clone(world));
            let out = fate.out + later;
            tokio::spawn(async move {
                let never = CancellationToken::new();
                request.travel(&world, out, sent_ms, never, "again").await;
            });
        }
        let couriers = (Arc::clone(&request), Arc::clone(world));
        let limit = request.limit;
        tokio::spawn(async move {
            let (request, world) = couriers;
            let tie = if fate.tied {
                gave_up
            } else {
                CancellationToken::new()
            };
            let back = match fate.lost {
                true => None,
                false => request.travel(&world, fate.out, sent_ms, tie, "").await,
            };
            tokio::time::sleep(fate.back).await;
            let lost = fate.answer_lost || !world.network.passes(&world, request.way, false);
            match back {
                Some(back) if !lost => drop(answers.send(back)),
                _ if fate.noticed && !request.is_cut(&world) => {
                    drop(answers.send(Back::Broken("the connection was reset")));
                }
                _ => {
                    world.note(|| format!("lost: {}", request.what));
                    // Nobody answers.
                    tokio::time::sleep(limit).await;
                    drop(answers);
                }
            }
        });
        let back = tokio::time::timeout(limit, answer).await;
        if let Some(caller) = caller {
            caller.step(&request.what).await;
        }
        let url = || request.what.clone();
        match back {
            Ok(Ok(Back::Answer(answer))) => answer,
            Ok(Ok(Back::Broken(why))) => Err(Error::Unreachable {
                url: url(),
                why: why.into(),
            }),
            Ok(Err(_)) | Err(_) => Err(Error::Timeout {
                url: url(),
                after: limit,
            }),
        }
    }

    fn is_cut(&self, world: &World) -> bool {
        let inner = lock(&world.network.inner);
        match self.way {
            Way::ToMaster(node) | Way::ToNode(node) => {
                inner.to_master[node] == State::Down || inner.to_node[node] == State::Down
            }
            Way::OfUsers => false,
        }
    }

    /// There, handled, and ready to go back; none: it never arrives.
    async fn travel(
        &self,
        world: &Arc<World>,
        out: Duration,
        sent_ms: u64,
        gave_up: CancellationToken,
        again: &str,
    ) -> Option<Back<T>> {
        tokio::time::sleep(out).await;
        if !world.network.passes(world, self.way, true) {
            return None;
        }
        let Some((receiver, side)) = (self.find)(world, self.way) else {
            return Some(Back::Broken("connection refused"));
        };
        if receiver.since_ms > sent_ms {
            return Some(Back::Broken("the connection was reset"));
        }
        let handling = async {
            receiver.step(&self.what).await;
            world.note(|| format!("{} takes {} {again}", receiver.name, self.what));
            let answer = (self.handle)(side).await;
            receiver.step(&self.what).await;
            if let Err(error) = &answer {
                world.note(|| format!("{} refuses {}: {error}", receiver.name, self.what));
            }
            answer
        };
        let handled = receiver.died.run_until_cancelled(handling);
        match gave_up.run_until_cancelled(handled).await {
            Some(Some(answer)) => Some(Back::Answer(answer)),
            // The process died under it.
            Some(None) => Some(Back::Broken("the connection was reset")),
            None => None,
        }
    }
}
