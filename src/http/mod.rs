//! The plumbing that the master's and the worker's HTTP servers share.
//!
//! actix-web answers some mistakes by itself, each in a form of its own: an unknown path, a wrong
//! method, a body that is too long. Here they all get the one form of `WIRE.md`. What an
//! application's own errors mean in HTTP is not decided here: see `master::http` and
//! `worker::http`.

mod body;
mod bound;
mod guard;
mod prefer;
mod query;
mod refusal;
mod resource;
mod shortcut;
mod until;

use actix_web::http::header::HeaderName;

pub use body::{
    BODY_LIMIT_BYTES, Body, LARGE_BODY_LIMIT_BYTES, LargeBody, ORDER_BODY_LIMIT_BYTES, OrderBody,
};
pub use bound::{Bound, LEFT_TO_THE_KERNEL, ask_the_silent};
pub use guard::Guard;
pub use prefer::{PREFER, RETURN_MINIMAL, prefers_minimal};
pub use query::Query;
pub use refusal::Refusal;
pub use resource::{not_found, resource};
pub use shortcut::{PathId, shortcut};
pub use until::until;

/// A master names itself so to a worker: who else asks (a health check, say) is not its contact.
pub const MASTER_HEADER: HeaderName = HeaderName::from_static("podling-master");
