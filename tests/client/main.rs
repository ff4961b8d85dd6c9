//! The typed clients against a small real HTTP server: what is sent, and how each failure shows.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod failures;
mod requests;
mod streams;
mod worker;

use std::time::Duration;

use actix_web::http::KeepAlive;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::StreamExt;
use podling::client::{Error, Lines, MasterClient, Transport, WorkerClient};
use podling::wire;
use serde_json::json;
use tokio_util::bytes::Bytes;

const TASK: &str = r#"{"taskId":"t-1","name":"web","image":"nginx","status":"running"}"#;

/// A server with these routes; its base URL.
async fn serve(routes: fn(&mut web::ServiceConfig)) -> String {
    let server = HttpServer::new(move || App::new().configure(routes))
        .workers(1)
        .disable_signals()
        .keep_alive(KeepAlive::Os)
        .bind("127.0.0.1:0")
        .unwrap();
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    format!("http://{address}")
}

async fn master(routes: fn(&mut web::ServiceConfig)) -> MasterClient {
    MasterClient::new(Transport::start().unwrap(), &serve(routes).await)
}

fn header(request: &HttpRequest, name: &str) -> Option<String> {
    let value = request.headers().get(name)?;
    Some(value.to_str().unwrap().to_owned())
}
