//! How often an adopted attempt was restarted before this process: the engine does not count
//! restarts over the life of a worker's process; the master does.

use std::time::Duration;

use super::{Agent, Word};
use crate::core::Monotonic;

/// A question about restarts may take so long, and after one that failed comes the next.
const LEARN_WITHIN: Duration = Duration::from_secs(3);
const LEARN_AGAIN_AFTER_MS: u64 = 5_000;

impl Agent {
    /// The next question, when there is one and it is time.
    pub(super) fn to_learn(&self) -> Option<Word> {
        if self.now() < self.learn_from {
            return None;
        }
        let (task_id, attempt) = self.runner.next_unlearned()?;
        Some(Word::Learn(task_id, attempt))
    }

    /// Asks one question. One that fails is asked again, and never holds up what there is to tell.
    pub(super) async fn learn(&mut self, task_id: &str, attempt: u32) {
        let asked = tokio::time::timeout(LEARN_WITHIN, self.master.task(task_id)).await;
        let restarts = match asked {
            Ok(Ok(task)) if task.attempt == attempt => task.restart_count,
            // What it knows is about another attempt: this one will be told to stop.
            Ok(Ok(_)) => 0,
            Ok(Err(error)) if error.is_not_found() => 0,
            Ok(Err(_)) | Err(_) => {
                log::debug!("{task_id}: its restarts are not known yet");
                self.learn_from = Monotonic(self.now().0 + LEARN_AGAIN_AFTER_MS);
                return;
            }
        };
        self.runner.restarted_before(task_id, attempt, restarts);
    }
}
