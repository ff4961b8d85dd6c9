//! Rules broken on purpose: the simulation has to notice each of them, else it shows nothing.
//!
//! Without debug assertions none of this exists: [`is`] is `false`.

/// A rule that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// The store takes writes of a master that was replaced.
    NoFence,
    /// Answers do not wait until what they say is durable.
    AnswerBeforeCommit,
    /// What is decided is sent to workers before it is durable.
    SendBeforeCommit,
    /// A report is merged whatever attempt it is about.
    AttemptForgotten,
    /// Another placement is no new attempt.
    SameAttempt,
    /// A task is placed again whatever its `maxAttempts`.
    MaxAttemptsForgotten,
    /// What a worker should run and does not name is not sent again.
    NotSentAgain,
    /// What a worker names and should not run is not stopped.
    StaleNotStopped,
    /// A worker runs an attempt again that is over and gone.
    LateOrderTaken,
    /// A worker that begins leaves what it finds alone.
    NotAdopted,
    /// A stop is about whichever attempt is there.
    StopAnyAttempt,
    /// The same submission makes a task each time.
    KeyForgotten,
    /// A node's slots are not counted.
    SlotsForgotten,
    /// When most nodes are silent they are given up like one.
    NoBrake,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Mutant; 14] = [
        Mutant::NoFence,
        Mutant::AnswerBeforeCommit,
        Mutant::SendBeforeCommit,
        Mutant::AttemptForgotten,
        Mutant::SameAttempt,
        Mutant::MaxAttemptsForgotten,
        Mutant::NotSentAgain,
        Mutant::StaleNotStopped,
        Mutant::LateOrderTaken,
        Mutant::NotAdopted,
        Mutant::StopAnyAttempt,
        Mutant::KeyForgotten,
        Mutant::SlotsForgotten,
        Mutant::NoBrake,
    ];
}

#[cfg(debug_assertions)]
thread_local! {
    static ACTIVE: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Whether this rule is broken on this thread.
#[inline]
pub fn is(mutant: Mutant) -> bool {
    #[cfg(debug_assertions)]
    return ACTIVE.get() == Some(mutant);
    #[cfg(not(debug_assertions))]
    {
        let _ = mutant;
        false
    }
}

/// Breaks this rule on this thread, and mends whichever was broken before.
#[cfg(debug_assertions)]
pub fn set(mutant: Option<Mutant>) {
    ACTIVE.set(mutant);
}
