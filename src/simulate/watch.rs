//! Says what thousands of workers would each say for themselves: how many are registered, that the
//! master is away, that it is back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::gate::Gate;
use crate::clock::Stopwatch;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// While not all nodes are registered, how many are is said every so many looks.
const SAY_EVERY: u32 = 10;

/// What was seen at the last look.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Seen {
    registered: u64,
    answered: u64,
    unanswered: u64,
}

/// What there is to say after a look.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Away,
    Back,
    All,
    Some(u64),
}

/// Looks and judges; knows nothing of time and logs.
#[derive(Debug)]
struct Watch {
    nodes: u64,
    seen: Seen,
    away: bool,
    all: bool,
    looks: u32,
}

impl Watch {
    fn new(nodes: u32) -> Self {
        Self {
            nodes: nodes.into(),
            seen: Seen::default(),
            away: false,
            all: false,
            looks: 0,
        }
    }

    fn look(&mut self, now: Seen) -> Vec<News> {
        let before = std::mem::replace(&mut self.seen, now);
        let mut news = Vec::new();
        self.looks += 1;
        // A single answer shows that it is there, however much is lost.
        if now.answered > before.answered {
            if std::mem::take(&mut self.away) {
                news.push(News::Back);
            }
        } else if now.unanswered > before.unanswered && !self.away {
            self.away = true;
            news.push(News::Away);
        }
        if !self.all && now.registered >= self.nodes {
            self.all = true;
            news.push(News::All);
        } else if !self.all && !self.away && self.looks.is_multiple_of(SAY_EVERY) {
            news.push(News::Some(now.registered));
        }
        news
    }
}

/// Watches and says, for as long as it is polled.
pub async fn watch(gate: Arc<Gate>, nodes: u32) {
    let started = Stopwatch::start();
    let mut watch = Watch::new(nodes);
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        let counts = &gate.counts;
        let seen = Seen {
            registered: counts.registered.load(Ordering::Relaxed),
            answered: counts.answered.load(Ordering::Relaxed),
            unanswered: counts.unanswered.load(Ordering::Relaxed),
        };
        for news in watch.look(seen) {
            match news {
                News::Away => {
                    let why = counts.why().unwrap_or_default();
                    log::warn!("the master does not answer: {why}; all nodes keep trying");
                }
                News::Back => log::info!("the master at {} answers again", gate.master_url()),
                News::All => log::info!(
                    "all {nodes} nodes are registered at {}, {:.1} s after the start",
                    gate.master_url(),
                    started.elapsed().as_secs_f64()
                ),
                News::Some(registered) => {
                    log::info!("{registered} of {nodes} nodes are registered");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(registered: u64, answered: u64, unanswered: u64) -> Seen {
        Seen {
            registered,
            answered,
            unanswered,
        }
    }

    #[test]
    fn a_master_that_is_away_is_told_once_and_so_is_its_return() {
        let mut watch = Watch::new(2);
        assert_eq!(watch.look(seen(0, 0, 0)), []);
        assert_eq!(watch.look(seen(0, 0, 3)), [News::Away]);
        assert_eq!(watch.look(seen(0, 0, 9)), []);
        assert_eq!(watch.look(seen(1, 1, 10)), [News::Back]);
        assert_eq!(watch.look(seen(2, 5, 10)), [News::All]);
        assert_eq!(watch.look(seen(2, 6, 11)), []);
        assert_eq!(watch.look(seen(2, 6, 12)), [News::Away]);
    }

    #[test]
    fn how_many_are_registered_is_told_now_and_then_until_all_are() {
        let mut watch = Watch::new(100);
        let told: Vec<_> = (1..=20).flat_map(|n| watch.look(seen(n, n, 0))).collect();
        assert_eq!(told, [News::Some(10), News::Some(20)]);
        assert_eq!(watch.look(seen(100, 100, 0)), [News::All]);
        let quiet = (0..50).flat_map(|_| watch.look(seen(100, 100, 0))).count();
        assert_eq!(quiet, 0);
    }
}
