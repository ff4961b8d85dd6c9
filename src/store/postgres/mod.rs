//! PostgreSQL, for those who have one: without libpq, one connection.
//!
//! The connection is thrown away after every error and after every call that was cancelled, and
//! made anew by the next call. A new one first takes the advisory lock, then looks at the epoch:
//! when that is no longer ours, another master was here meanwhile, and what this one has in memory
//! counts for nothing.

mod lock;
mod session;
mod target;
mod tls;

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use super::error::Failure;
use super::rows::BatchRows;
use super::{Batch, Error, Snapshot, Store};
use session::Session;
use target::Target;

/// No commit takes longer, whatever becomes of the server.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(30);
/// Nor does reading everything.
const LOAD_TIMEOUT: Duration = Duration::from_secs(300);
/// The lock of a master that has just died is free as soon as the server notices.
const LOCK_TRIES: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// A store in a PostgreSQL database.
pub struct Postgres {
    target: Target,
    epoch: i64,
    link: Mutex<Link>,
}

struct Link {
    /// None while it is in use, and after an error.
    session: Option<Session>,
    /// The server's process of the last session.
    last_pid: i32,
}

impl Postgres {
    /// Connects, takes the database and makes or updates its tables.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let target = Target::parse(url)?;
        let mut session = Session::connect(&target).await?;
        if let Some(holder) = Self::lock(&mut session)
            .await
            .map_err(|e| e.of(&target.name))?
        {
            return Err(Error::Held {
                what: target.name,
                holder: Some(holder.to_string()),
            });
        }
        let mut session = session.migrate(&target.name).await?;
        let epoch = session
            .raise_epoch()
            .await
            .map_err(|e| e.of(&target.name))?;
        Ok(Self {
            target,
            epoch,
            link: Mutex::new(Link {
                last_pid: session.pid,
                session: Some(session),
            }),
        })
    }

    /// Takes the lock, or says who has it.
    async fn lock(session: &mut Session) -> Result<Option<lock::Holder>, Failure> {
        let mut holder = None;
        for _ in 0..LOCK_TRIES {
            if lock::try_lock(&mut session.connection).await? {
                return Ok(None);
            }
            // Asked each time: who had it may be gone by the time of the question.
            holder = lock::holder(&mut session.connection).await?.or(holder);
            sleep(LOCK_PAUSE).await;
        }
        Ok(holder)
    }

    /// A session that has the lock. Taken out of `link`, so that a call which is dropped halfway
    /// leaves no transaction behind for the next one.
    async fn session(&self, link: &mut Link) -> Result<Session, Error> {
        if let Some(session) = link.session.take() {
            return Ok(session);
        }
        // What is a mistake in the settings at start is an outage later: the same settings did.
        let connected = Session::connect(&self.target).await;
        let mut session = connected.map_err(|error| Error::Unavailable(error.to_string()))?;
        let result = self.take_over(&mut session, link.last_pid).await;
        result.map_err(|failure| failure.of(&self.target.name))??;
        link.last_pid = session.pid;
        log::info!("store: connected to {} again", self.target.name);
        Ok(session)
    }

    async fn take_over(
        &self,
        session: &mut Session,
        last_pid: i32,
    ) -> Result<Result<(), Error>, Failure> {
        session.check_fence(self.epoch).await?;
        if !lock::try_lock(&mut session.connection).await? {
            // The connection broke on this side only: the server still waits for it.
            if let Some(holder) = lock::holder(&mut session.connection).await?
                && holder.pid == last_pid
            {
                lock::terminate(&mut session.connection, last_pid).await?;
            }
            if let Some(holder) = Self::lock(session).await? {
                session.check_fence(self.epoch).await?;
                let name = &self.target.name;
                let text = format!("{name}: its lock is still held by {holder}");
                return Ok(Err(Error::Unavailable(text)));
            }
        }
        session.check_fence(self.epoch).await?;
        Ok(Ok(()))
    }

    async fn write(&self, rows: &BatchRows) -> Result<(), Error> {
        let mut link = self.link.lock().await;
        // A connection that broke while nobody used it is no news worth a failure. Repeating is
        // safe: a new session has the lock only when the old one is over.
        let mut may_reconnect = link.session.is_some();
        loop {
            let mut session = self.session(&mut link).await?;
            match session.commit(self.epoch, rows).await {
                Ok(()) => {
                    link.session = Some(session);
                    return Ok(());
                }
                Err(failure) if may_reconnect && failure.is_lost_connection() => {
                    may_reconnect = false;
                }
                Err(failure) => return Err(failure.of(&self.target.name)),
            }
        }
    }

    async fn read(&self) -> Result<Snapshot, Error> {
        let mut link = self.link.lock().await;
        let mut session = self.session(&mut link).await?;
        let snapshot = session.load(self.epoch).await;
        let snapshot = snapshot.map_err(|failure| failure.of(&self.target.name))?;
        link.session = Some(session);
        Ok(snapshot)
    }

    async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        timeout(limit, work).await.unwrap_or_else(|_| {
            let name = &self.target.name;
            let seconds = limit.as_secs();
            Err(Error::Unavailable(format!(
                "{name}: no answer within {seconds} s"
            )))
        })
    }
}

impl Store for Postgres {
    fn load(&self) -> BoxFuture<'_, Result<Snapshot, Error>> {
        self.within(LOAD_TIMEOUT, self.read()).boxed()
    }

    fn commit<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Error>> {
        async move {
            let rows = BatchRows::try_from(batch)
                .map_err(|damaged| Failure::from(damaged).of(&self.target.name))?;
            self.within(COMMIT_TIMEOUT, self.write(&rows)).await
        }
        .boxed()
    }

    fn describe(&self) -> String {
        self.target.name.clone()
    }
}
