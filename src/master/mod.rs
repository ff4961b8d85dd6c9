//! The control plane: the imperative shell round `core`.

mod options;

pub use options::Options;
