//! Rules broken on purpose: the simulation has to notice each of them, else it shows nothing.
//!
//! Without debug assertions none of this exists: [`is`] is `false`.

/// A rule that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// The store takes writes of a master that was replaced.
    NoFence,
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
