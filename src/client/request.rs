//! One request and its answer, as bytes.

use std::fmt::Write as _;
use std::time::Duration;

use awc::http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::bytes::Bytes;

use super::Error;
use crate::wire::ErrorBody;

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub method: Method,
    pub url: String,
    /// JSON; none: no body at all.
    pub body: Option<Bytes>,
    pub accept: Option<&'static str>,
    pub idempotency_key: Option<String>,
    /// Asks for the short answer.
    pub minimal: bool,
    /// Names the master as who asks.
    pub from_master: bool,
    pub timeout: Duration,
}

impl Request {
    pub fn new(method: Method, url: String, timeout: Duration) -> Self {
        Self {
            method,
            url,
            body: None,
            accept: None,
            idempotency_key: None,
            minimal: false,
            from_master: false,
            timeout,
        }
    }

    /// With this as JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let json = serde_json::to_vec(body).map_err(|error| self.malformed(error))?;
        self.body = Some(json.into());
        Ok(self)
    }

    fn malformed(&self, error: serde_json::Error) -> Error {
        Error::Malformed {
            url: self.url.clone(),
            why: error.to_string(),
        }
    }
}

/// One complete answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub url: String,
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub next_cursor: Option<u64>,
    pub body: Bytes,
}

impl Answer {
    /// The body, when the status says success.
    pub fn success(self) -> Result<Self, Error> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let told = serde_json::from_slice::<ErrorBody>(&self.body).ok();
        let (code, error) = match told {
            Some(told) => (told.code, told.error),
            None => (
                "unknown".into(),
                format!("{} answered without podling's error form", self.url),
            ),
        };
        Err(Error::Status {
            status: self.status,
            code,
            error,
            retry_after: self.retry_after,
        })
    }

    /// The body as JSON, whatever the status.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Malformed {
            url: self.url.clone(),
            why: error.to_string(),
        })
    }
}

/// `text` as one segment of a path or one part of a query: all but unreserved characters
/// (RFC 3986, 2.3) percent-encoded.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A flat struct as query, with its `?`; empty when it has no fields.
pub(super) fn query(fields: &impl Serialize) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(fields) else {
        return String::new();
    };
    let mut query = String::new();
    for (name, value) in fields {
        let value = match value {
            serde_json::Value::Null => continue,
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        query.push(if query.is_empty() { '?' } else { '&' });
        query += &encode(&name);
        query.push('=');
        query += &encode(&value);
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::LogQuery;

    #[test]
    fn a_segment_can_not_leave_its_place() {
        assert_eq!(encode("web-1.a_b~"), "web-1.a_b~");
        assert_eq!(encode("../x?y#z %ü"), "..%2Fx%3Fy%23z%20%25%C3%BC");
    }

    #[test]
    fn a_query_has_only_what_is_set() {
        let logs = LogQuery {
            tail: Some("all".into()),
            since: Some("2026-01-01T00:00:00+01:00".into()),
            follow: Some(true),
            ..LogQuery::default()
        };
        assert_eq!(
            query(&logs),
            "?follow=true&since=2026-01-01T00%3A00%3A00%2B01%3A00&tail=all"
        );
        assert_eq!(query(&LogQuery::default()), "");
    }
}
