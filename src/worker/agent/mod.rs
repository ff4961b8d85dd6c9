//! The worker's side of the conversation with the master: registers, beats, reports, and takes the
//! orders that come back.
//!
//! One request is in flight at a time, so what the master hears of a task is in order. Nothing is
//! given up: while the master is away the agent keeps trying with growing, jittered waits, and the
//! tasks go on without noticing. A heartbeat carries everything, so it also delivers every report
//! that waits.

mod due;
mod learn;
mod trouble;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::trouble::is_refusal;
use super::Options;
use super::contact::Contact;
use super::engine::Condition;
use super::master::Master;
use super::registration::registration;
use super::runner::Runner;
use super::shared::Shared;
use super::told::{Told, is_end};
use crate::client::Error;
use crate::core::Monotonic;
use crate::wire::{self, Heartbeat, Instructions, Report, Reported, TaskReport};

/// Registration waits at most so long for the engine to answer or to refuse, so that what runs is
/// named at once.
const ENGINE_HEAD_START: Duration = Duration::from_secs(3);

/// The worker's side of the conversation.
pub struct Agent {
    options: Options,
    runner: Arc<Runner>,
    master: Arc<dyn Master>,
    contact: Arc<Contact>,
    condition: watch::Receiver<Condition>,
    registered: bool,
    /// The registration named what the engine's host has.
    host_named: bool,
    last_registration: Monotonic,
    last_beat: Monotonic,
    /// Which share of the time between two heartbeats is waited before the next one.
    share: f64,
    beat_now: bool,
    /// The master refuses heartbeats as such: reports go one by one.
    singly: bool,
    failures: u32,
    /// Since when, and how often, the node's id or address was refused as another's.
    taken: Option<(Monotonic, u32)>,
    /// The master is not asked about restarts before this.
    learn_from: Monotonic,
    told: Told,
    /// How long the master takes it for alive without a sign, when it said so.
    node_timeout_ms: Option<u64>,
    /// Of which cluster the master said it is.
    cluster_id: Option<SmolStr>,
    silence: CancellationToken,
}

/// What to say next.
enum Word {
    Register,
    Heartbeat,
    Report(Box<TaskReport>, super::reporter::Mark),
    /// How often was this attempt restarted before this process?
    Learn(String, u32),
}

impl Agent {
    /// An agent that has said nothing yet.
    pub fn new(
        options: Options,
        runner: Arc<Runner>,
        master: Arc<dyn Master>,
        contact: Arc<Contact>,
    ) -> Self {
        let condition = runner.shared().engine.condition();
        Self {
            options,
            runner,
            master,
            contact,
            condition,
            registered: false,
            host_named: false,
            last_registration: Monotonic::default(),
            last_beat: Monotonic::default(),
            share: 1.0,
            beat_now: false,
            singly: false,
            failures: 0,
            taken: None,
            learn_from: Monotonic::default(),
            told: Told::default(),
            node_timeout_ms: None,
            cluster_id: None,
            silence: CancellationToken::new(),
        }
    }

    /// Cancelled, it lets the agent finish the word it is at, and no more.
    pub fn silence(&self) -> CancellationToken {
        self.silence.clone()
    }

    /// Talks with the master until it is silenced; then once more, when something is not told yet.
    ///
    /// # Errors
    /// The node's id or address is another's; then no container was touched.
    pub async fn run(&mut self) -> Result<(), super::Error> {
        let silence = self.silence();
        silence
            .run_until_cancelled(self.give_engine_a_head_start())
            .await;
        while !silence.is_cancelled() {
            let Some(word) = self.next_word() else {
                self.wait().await;
                continue;
            };
            match self.say(word).await {
                Ok(()) => {
                    if self.failures > 0 {
                        log::info!("the master at {} answers again", self.options.master_url);
                    }
                    self.failures = 0;
                    self.taken = None;
                }
                Err(error) => match self.is_anothers(&error) {
                    Some(error) => return Err(error),
                    None => self.failed(&error).await,
                },
            }
        }
        if self.registered && self.shared().reporter.count() > 0 {
            // Perhaps the master is back, and the wait before the next try was cut short.
            self.heartbeat()
                .await
                .unwrap_or_else(|error| log::debug!("the last word: {error}"));
        }
        Ok(())
    }

    fn shared(&self) -> &Arc<Shared> {
        self.runner.shared()
    }

    fn now(&self) -> Monotonic {
        self.shared().clock.now().mono
    }

    async fn give_engine_a_head_start(&mut self) {
        let runner = Arc::clone(&self.runner);
        let known = async {
            tokio::select! {
                biased;
                () = runner.looked() => {}
                () = self.engine_refused() => {}
            }
        };
        let _it_took_longer = tokio::time::timeout(ENGINE_HEAD_START, known).await;
    }

    /// Waits until it is known that the engine does not answer: before, it is only not known that it
    /// does.
    async fn engine_refused(&mut self) {
        while self.condition.changed().await.is_ok() {
            if let Condition::Degraded(_) = *self.condition.borrow_and_update() {
                return;
            }
        }
        std::future::pending().await
    }

    fn next_word(&mut self) -> Option<Word> {
        let host_is_news = !self.host_named && self.shared().engine.info().borrow().is_some();
        if !self.registered || host_is_news {
            return Some(Word::Register);
        }
        let changed = self.condition.has_changed().unwrap_or(false);
        if changed || self.beat_now || self.due_in().is_zero() {
            return Some(Word::Heartbeat);
        }
        let (mark, mut waiting) = self.shared().reporter.waiting();
        match waiting.len() {
            0 => self.to_learn(),
            n if self.go_together(n) => Some(Word::Heartbeat),
            _ => Some(Word::Report(Box::new(waiting.swap_remove(0)), mark)),
        }
    }

    async fn wait(&mut self) {
        let mut due_in = self.due_in();
        if self.runner.next_unlearned().is_some() {
            let learn_in = Duration::from_millis(self.learn_from.since_ms(self.now()));
            due_in = due_in.min(learn_in);
        }
        let shared = Arc::clone(self.shared());
        tokio::select! {
            biased;
            () = self.silence.cancelled() => {}
            () = shared.reporter.arrived() => {}
            changed = self.condition.changed() => self.beat_now |= changed.is_ok(),
            () = tokio::time::sleep(due_in) => {}
        }
    }

    async fn say(&mut self, word: Word) -> Result<(), Error> {
        match word {
            Word::Register => self.register().await,
            Word::Heartbeat => self.heartbeat().await,
            Word::Report(report, mark) => self.report(*report, mark).await,
            Word::Learn(task_id, attempt) => {
                self.learn(&task_id, attempt).await;
                Ok(())
            }
        }
    }

    async fn register(&mut self) -> Result<(), Error> {
        let (mark, tasks) = self.everything();
        let info = self.shared().engine.info().borrow().clone();
        let names_host = info.is_some();
        let condition = self.condition.borrow_and_update().clone();
        let register = registration(&self.options, info, condition, tasks.clone());
        let answer = self.master.register(register).await;
        // Refused as such it is not worth saying again; lost it is.
        if answer.as_ref().err().is_none_or(is_refusal) {
            self.host_named = names_host;
        }
        let answer = answer?;
        log::info!(
            "registered at {} as {}",
            self.options.master_url,
            self.options.node_id
        );
        self.registered = true;
        self.contact.accept();
        self.last_registration = self.now();
        self.accepted(mark, tasks.as_deref(), answer);
        self.share = self.somewhere();
        Ok(())
    }

    async fn heartbeat(&mut self) -> Result<(), Error> {
        let (mark, tasks) = self.everything();
        let condition = self.condition.borrow_and_update().clone();
        let (condition, reason) = match self.foreign().unwrap_or(condition) {
            Condition::Ready if self.runner.is_closed() => (wire::Condition::Draining, None),
            Condition::Ready => (wire::Condition::Ready, None),
            Condition::Degraded(why) => (wire::Condition::Degraded, Some(why)),
        };
        let beat = Heartbeat {
            tasks: tasks.clone(),
            condition: Some(condition),
            reason,
            used: None,
            engine_id: self.runner.shared().engine_id(),
        };
        let answer = self.master.heartbeat(&self.options.node_id, beat).await;
        // What was news is news until it is heard.
        self.beat_now = answer.is_err();
        let answer = answer?;
        self.accepted(mark, tasks.as_deref(), answer);
        Ok(())
    }

    async fn report(
        &mut self,
        report: TaskReport,
        mark: super::reporter::Mark,
    ) -> Result<(), Error> {
        let TaskReport { task_id, report } = report;
        let sent = report.clone();
        match self.master.report(&task_id, report).await {
            Ok(known) => {
                self.told.one(&task_id, &sent);
                self.beat_now |= is_stale(&sent, &known);
            }
            Err(error) if error.is_not_found() => {
                // What to do with what is left of it is in the answer to a heartbeat.
                self.beat_now = true;
                log::info!("{task_id}: the master has forgotten it; its report is dropped");
            }
            Err(error) if is_refusal(&error) => {
                log::error!("{task_id}: the master refused its report, which is dropped: {error}");
            }
            Err(error) => return Err(error),
        }
        self.shared().reporter.settle(&task_id, mark);
        Ok(())
    }

    /// Everything there is to say about tasks, and how far that goes. No list as long as the engine
    /// could not be asked what there is: an empty one would say that nothing runs.
    fn everything(&self) -> (super::reporter::Mark, Option<Vec<TaskReport>>) {
        let (mark, waiting) = self.shared().reporter.waiting();
        let waiting = waiting.into_iter().map(|task| (task.task_id.clone(), task));
        let mut news: BTreeMap<String, TaskReport> = waiting.collect();
        let tasks = self.runner.reports().map(|tasks| {
            let tasks = tasks
                .into_iter()
                .map(|task| match news.remove(&task.task_id) {
                    Some(_) => task,
                    None => self.told.shorten(task),
                });
            let mut tasks: Vec<TaskReport> = tasks.collect();
            tasks.extend(news.into_values());
            tasks
        });
        (mark, tasks)
    }

    fn accepted(
        &mut self,
        mark: super::reporter::Mark,
        tasks: Option<&[TaskReport]>,
        instructions: Instructions,
    ) {
        self.last_beat = self.now();
        self.share = match self.failures {
            0 => 1.0,
            _ => self.somewhere(),
        };
        self.beat_now = false;
        self.singly = false;
        self.node_timeout_ms = instructions.node_timeout_ms;
        if self.cluster_id != instructions.cluster_id {
            self.cluster_id.clone_from(&instructions.cluster_id);
            if let Some(Condition::Degraded(why)) = self.foreign() {
                log::error!("{why}");
                self.beat_now = true;
            }
        }
        for order in &instructions.stop {
            if self.is_foreign(&order.task_id) {
                // Said as an error when it was found out, and to the master with each heartbeat.
                continue;
            }
            log::info!(
                "{}: ordered to stop attempt {}",
                order.task_id,
                order.attempt
            );
            self.runner.stop(order);
        }
        for task in instructions.run {
            let (task_id, attempt) = (task.task_id.clone(), task.attempt);
            let verdict = self.runner.execute(task);
            log::info!("{task_id}: ordered to run attempt {attempt}: {verdict:?}");
        }
        if let Some(tasks) = tasks {
            self.shared().reporter.settle_all(mark);
            let own = tasks.iter().filter(|task| !self.is_foreign(&task.task_id));
            self.runner.confirm(&own.collect::<Vec<_>>());
            self.told.all(tasks);
        }
    }

    /// Whether another cluster ordered this task: the master it talks with now does not know it, and
    /// would have it stopped and removed.
    fn is_foreign(&self, task_id: &str) -> bool {
        let cluster_id = self.cluster_id.as_deref();
        cluster_id.is_some_and(|cluster_id| self.runner.is_of_another(task_id, cluster_id))
    }

    /// What there is to say when some are here.
    fn foreign(&self) -> Option<Condition> {
        let (count, cluster) = self.runner.of_another(self.cluster_id.as_deref()?)?;
        Some(Condition::Degraded(format!(
            "containers of another cluster ({count} of cluster {cluster}) are left alone: \
             remove them, or point this worker to their master"
        )))
    }
}

/// What goes on here is not what the master wants to go on: the next heartbeat's answer stops it.
fn is_stale(report: &Report, known: &Reported) -> bool {
    let same = report.attempt == Some(known.attempt) && report.node_id == known.node_id;
    !is_end(report) && !same
}
