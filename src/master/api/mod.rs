//! What the endpoints that change something do, between the API's types in and out: the handlers of
//! [`super::http`] put HTTP round it, the simulation calls it as it is.

mod nodes;
mod tasks;

pub(super) use nodes::shown;
pub use nodes::{deregister, drain, heartbeat, register, uncordon};
pub use tasks::{Removal, remove, report, stop, submit, task};

use super::http::Error;
