//! The agent on each host: runs containers through the engine and reports what became of them.

mod options;

pub use options::Options;
