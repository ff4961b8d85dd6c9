//! Attempts that are over here: a late order to run one must not bring it back.

use std::collections::{BTreeMap, VecDeque};

/// How many are remembered. A late order is seconds late, not thousands of tasks.
const KEPT: usize = 4096;

/// The highest attempt of each task that is over and of which nothing is left.
#[derive(Debug, Default)]
pub struct Tombstones {
    attempts: BTreeMap<String, u32>,
    order: VecDeque<String>,
}

impl Tombstones {
    /// This attempt, and every older one, is over.
    pub fn add(&mut self, task_id: &str, attempt: u32) {
        if let Some(known) = self.attempts.get_mut(task_id) {
            *known = attempt.max(*known);
            return;
        }
        self.attempts.insert(task_id.into(), attempt);
        self.order.push_back(task_id.into());
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.attempts.remove(&oldest);
        }
    }

    /// The highest attempt of this task that is over.
    pub fn attempt(&self, task_id: &str) -> Option<u32> {
        self.attempts.get(task_id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_attempt_is_remembered() {
        let mut tombstones = Tombstones::default();
        tombstones.add("a", 3);
        tombstones.add("a", 2);
        assert_eq!(tombstones.attempt("a"), Some(3));
        assert_eq!(tombstones.attempt("b"), None);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut tombstones = Tombstones::default();
        for n in 0..=KEPT {
            tombstones.add(&n.to_string(), 1);
        }
        assert_eq!(tombstones.attempt("0"), None);
        assert_eq!(tombstones.attempt("1"), Some(1));
        assert_eq!(tombstones.attempts.len(), KEPT);
    }
}
