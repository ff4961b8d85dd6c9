//! A value that many wait for, like tokio's `watch`, with one difference: who waits is woken in the
//! order they came. (`watch` wakes in random order, to spare its lock; then no run of a simulation
//! is like another.)

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// A board with its first value: who writes to it, and who reads.
pub fn board<T>(value: T) -> (Writer<T>, Reader<T>) {
    let shared = Arc::new(Shared {
        value: Mutex::new((0, value)),
        closed: AtomicBool::new(false),
        changed: Notify::new(),
    });
    let reader = Reader {
        shared: Arc::clone(&shared),
        seen: 0,
    };
    (Writer { shared }, reader)
}

#[derive(Debug)]
struct Shared<T> {
    /// The value, and how often it was written.
    value: Mutex<(u64, T)>,
    closed: AtomicBool,
    changed: Notify,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, (u64, T)> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes. Dropped, it tells everybody that nothing more will come.
#[derive(Debug)]
pub struct Writer<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Writer<T> {
    /// Writes a new value.
    pub fn write(&self, value: T) {
        let mut current = self.shared.lock();
        current.0 += 1;
        current.1 = value;
        drop(current);
        self.shared.changed.notify_waiters();
    }

    /// Looks at the value.
    pub fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.shared.lock().1)
    }

    /// Somebody who has seen the value as it is now.
    pub fn reader(&self) -> Reader<T> {
        let seen = self.shared.lock().0;
        Reader {
            shared: Arc::clone(&self.shared),
            seen,
        }
    }
}

impl<T> Drop for Writer<T> {
    fn drop(&mut self) {
        // Ordering: under the lock, so that nobody looks between this and the call.
        let current = self.shared.lock();
        self.shared.closed.store(true, Ordering::Release);
        drop(current);
        self.shared.changed.notify_waiters();
    }
}

/// The writer is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

/// Reads, and waits for changes.
#[derive(Debug)]
pub struct Reader<T> {
    shared: Arc<Shared<T>>,
    seen: u64,
}

impl<T> Clone for Reader<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            seen: self.seen,
        }
    }
}

impl<T> Reader<T> {
    /// Looks at the value.
    pub fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.shared.lock().1)
    }

    /// The value as it is now counts as seen.
    pub fn mark_seen(&mut self) {
        self.seen = self.shared.lock().0;
    }

    /// Waits until there is a value that was not seen. Cancel-safe.
    ///
    /// # Errors
    /// There will be none.
    pub async fn changed(&mut self) -> Result<(), Closed> {
        loop {
            let notified = self.shared.changed.notified();
            let current = self.shared.lock().0;
            if current != self.seen {
                self.seen = current;
                return Ok(());
            }
            if self.shared.closed.load(Ordering::Acquire) {
                return Err(Closed);
            }
            notified.await;
        }
    }

    /// Waits until the value is such. Cancel-safe.
    ///
    /// # Errors
    /// It never will be.
    pub async fn wait_for(&self, is_such: impl Fn(&T) -> bool) -> Result<(), Closed> {
        loop {
            // `notify_waiters` also wakes who was made before it and waits after it.
            let notified = self.shared.changed.notified();
            if self.look(&is_such) {
                return Ok(());
            }
            if self.shared.closed.load(Ordering::Acquire) {
                return Err(Closed);
            }
            notified.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_is_woken_in_the_order_they_came() {
        let (writer, reader) = board(0);
        let order = Arc::new(Mutex::new(vec![]));
        let waiting: Vec<_> = (0..50)
            .map(|n| {
                let (reader, order) = (reader.clone(), Arc::clone(&order));
                tokio::spawn(async move {
                    reader.wait_for(|value| *value > 0).await.unwrap();
                    order.lock().unwrap().push(n);
                })
            })
            .collect();
        tokio::task::yield_now().await;
        writer.write(1);
        for one in waiting {
            one.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), (0..50).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_change_is_seen_once_and_a_closed_board_says_so() {
        let (writer, mut reader) = board("a");
        writer.write("b");
        assert_eq!(reader.changed().await, Ok(()));
        writer.write("c");
        reader.mark_seen();
        let mut fresh = writer.reader();
        drop(writer);
        assert_eq!(reader.changed().await, Err(Closed));
        assert_eq!(fresh.changed().await, Err(Closed));
        assert_eq!(reader.wait_for(|value| *value == "c").await, Ok(()));
        assert_eq!(reader.wait_for(|value| *value == "d").await, Err(Closed));
    }
}
