//! Which node takes a task, and when none does, why.
//!
//! Filters say which nodes can, a score says which of those is best.
