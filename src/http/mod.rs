//! The plumbing that the master's and the worker's HTTP servers share.
//!
//! actix-web answers some mistakes by itself, each in a form of its own: an unknown path, a wrong
//! method, a body that is too long. Here they all get the one form of `WIRE.md`. What an
//! application's own errors mean in HTTP is not decided here: see `master::http` and
//! `worker::http`.

mod body;
mod bound;
mod guard;
mod query;
mod refusal;
mod resource;
mod shortcut;
mod until;

pub use body::{
    BODY_LIMIT_BYTES, Body, LARGE_BODY_LIMIT_BYTES, LargeBody, ORDER_BODY_LIMIT_BYTES, OrderBody,
};
pub use bound::Bound;
pub use guard::Guard;
pub use query::Query;
pub use refusal::Refusal;
pub use resource::{not_found, resource};
pub use shortcut::{PathId, shortcut};
pub use until::until;

use actix_web::HttpRequest;

/// How much of an answer is wanted (RFC 7240).
pub const PREFER: &str = "prefer";

/// Its value that asks for the short answer.
pub const RETURN_MINIMAL: &str = "return=minimal";

/// Whether the short answer is asked for: exactly so, and not among other preferences.
pub fn prefers_minimal(request: &HttpRequest) -> bool {
    let preferred = request.headers().get(PREFER);
    preferred.is_some_and(|preferred| preferred == RETURN_MINIMAL)
}

/// A master names itself so to a worker: who else asks (a health check, say) is not its contact.
pub const MASTER_HEADER: &str = "podling-master";
