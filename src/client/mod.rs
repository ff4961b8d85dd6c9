//! Typed clients of the two APIs: [`MasterClient`] for the CLI and the workers, [`WorkerClient`]
//! for the master.
//!
//! awc's client can't leave its thread, podling's tasks do. So [`Transport`] is a handle, `Send`
//! and cheap to clone, on one thread that owns the awc clients: requests go there as messages,
//! answers come back as bytes and are read as JSON by whoever asked. Nothing is retried here: only
//! the caller knows whether a repetition is safe, and for how long it is worth while.

mod connect;
mod error;
mod events;
mod lines;
mod master;
mod request;
mod stream;
mod transport;
mod worker;

pub use error::Error;
pub use events::EventStream;
pub use lines::Lines;
pub use master::MasterClient;
pub use stream::ByteStream;
pub use transport::Transport;
pub use worker::WorkerClient;
