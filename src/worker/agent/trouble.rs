//! What the agent does when the master does not answer, or refuses.

use std::time::Duration;

use super::Agent;
use crate::backoff::Backoff;
use crate::client::Error;
use crate::worker;

/// How long between tries while the master does not answer.
const RETRY: Backoff = Backoff {
    first: Duration::from_millis(200),
    most: Duration::from_secs(5),
};
/// While the master stays away, only each so-many-th failure is logged.
const LOG_EVERY: u32 = 60;
/// A node forgotten sooner than this after it registered waits before it registers again.
const REGISTER_AGAIN_AFTER_MS: u64 = 1_000;
/// The master refuses a node id, or an address, while another worker with it is heard of. A worker
/// that came back otherwise gets in when the old one is silent long enough (10 s), and who is
/// refused for so long and so often never will.
const TAKEN_FOR_MS: u64 = 60_000;
const TAKEN_TIMES: u32 = 3;

impl Agent {
    /// The end, when the master has refused the node's id or address as another's for long enough.
    pub(super) fn is_anothers(&mut self, error: &Error) -> Option<worker::Error> {
        let code = match error {
            Error::Status { code, .. } => code.as_str(),
            _ => "",
        };
        let why = error.to_string();
        let end = match code {
            "node_id_taken" => worker::Error::NodeIdTaken {
                node_id: self.options.node_id.clone(),
                why,
            },
            "address_taken" => worker::Error::AddressTaken {
                address: format!("{}:{}", self.options.hostname, self.options.port),
                why,
            },
            _ => {
                self.taken = None;
                return None;
            }
        };
        let now = self.now();
        let (since, times) = self.taken.get_or_insert((now, 0));
        *times += 1;
        let for_good = *times >= TAKEN_TIMES && now.since_ms(*since) >= TAKEN_FOR_MS;
        for_good.then_some(end)
    }

    pub(super) async fn failed(&mut self, error: &Error) {
        if error.is_not_found() && self.registered {
            log::info!("the master does not know this node: registering again");
            self.registered = false;
            self.told.nothing();
            if self.now().since_ms(self.last_registration) > REGISTER_AGAIN_AFTER_MS {
                return;
            }
        }
        if is_refusal(error) && self.registered {
            // Perhaps too long, or something in it is wrong: what can be told singly still is.
            log::error!("the master refused the heartbeat: {error}");
            self.singly = true;
            self.beat_now = false;
            self.last_beat = self.now();
            self.share = 1.0;
        }
        if self.failures.is_multiple_of(LOG_EVERY) {
            let what = if self.registered {
                "reach"
            } else {
                "register at"
            };
            let url = &self.options.master_url;
            log::warn!("can't {what} the master at {url}: {error}; trying again until it works");
        }
        self.failures = self.failures.saturating_add(1);
        let random = self.shared().clock.now().random;
        // A master that is back must not miss for too long who is only waiting to try again.
        let most = Duration::from_millis(self.lonely_after_ms());
        let wait = RETRY.wait(self.failures, random).min(most);
        self.silence
            .run_until_cancelled(tokio::time::sleep(wait))
            .await;
    }
}

/// Saying the same again would be refused again.
pub(super) fn is_refusal(error: &Error) -> bool {
    error
        .status()
        .is_some_and(|status| (400..500).contains(&status))
        && !error.is_transient()
}
