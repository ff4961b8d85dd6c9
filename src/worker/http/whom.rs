//! Which worker a request is for: mostly there is one, and with simulated nodes the one whose address
//! was dialled.

use std::any::Any;
use std::collections::HashMap;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::dev::{Extensions, Payload, ServiceRequest};
use actix_web::http::StatusCode;
use actix_web::rt::net::TcpStream;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::State;
use crate::http::Refusal;

/// The workers behind one server.
#[derive(Clone)]
pub enum Whom {
    /// One, whatever it is called by.
    One(Box<State>),
    /// Many, each at an address of its own.
    ByAddress(Arc<HashMap<IpAddr, State>>),
}

/// The address at which a connection came in.
struct Dialled(IpAddr);

/// Notes for each new connection which address was dialled.
pub fn on_connect(connection: &dyn Any, data: &mut Extensions) {
    let local = connection
        .downcast_ref::<TcpStream>()
        .and_then(|stream| stream.local_addr().ok());
    if let Some(local) = local {
        data.insert(Dialled(local.ip()));
    }
}

impl Whom {
    /// The worker this request is for; handlers get it as their argument.
    ///
    /// # Errors
    /// 421 `no_such_node`: none has the address.
    pub fn of(&self, request: &ServiceRequest) -> Result<State, Refusal> {
        let found = match self {
            Self::One(state) => State::clone(state),
            Self::ByAddress(states) => {
                let dialled = request.conn_data::<Dialled>().map(|dialled| dialled.0);
                let state = dialled.and_then(|address| states.get(&address));
                state.cloned().ok_or_else(|| nobody(dialled))?
            }
        };
        request.extensions_mut().insert(found.clone());
        Ok(found)
    }
}

fn nobody(dialled: Option<IpAddr>) -> Refusal {
    let address = dialled.map_or("an unknown address".to_owned(), |it| it.to_string());
    Refusal::new(
        StatusCode::MISDIRECTED_REQUEST,
        "no_such_node",
        format!("no node listens at {address}"),
    )
}

impl FromRequest for State {
    type Error = Refusal;
    type Future = Ready<Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request.extensions().get::<State>().cloned();
        ready(found.ok_or_else(|| nobody(None)))
    }
}
