//! The loops, one file for each subject.

mod differences;
mod nodes;
mod place;
mod reap;
