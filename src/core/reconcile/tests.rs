//! The loops, one file for each subject.

mod brake;
mod clock;
mod differences;
mod doubtful;
mod nodes;
mod place;
mod reap;
