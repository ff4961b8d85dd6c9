//! An error answer: a status and the common body.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError};

use crate::wire::ErrorBody;

/// An error as it is answered: `{"error", "code"}` with the status that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    body: ErrorBody,
    retry_after_seconds: Option<u32>,
}

impl Refusal {
    /// A refusal with this status; `code` is for programs, `error` for people.
    pub fn new(status: StatusCode, code: &str, error: impl Into<String>) -> Self {
        let body = ErrorBody {
            error: error.into(),
            code: code.into(),
            message: None,
        };
        Self {
            status,
            body,
            retry_after_seconds: None,
        }
    }

    /// 400: what was sent is malformed or invalid; `error` names the field.
    pub fn invalid(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", error)
    }

    /// 404: there is nothing of that name; `error` says what was looked for.
    pub fn not_found(error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", error)
    }

    /// 409: it clashes with what is.
    pub fn conflict(code: &str, error: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, error)
    }

    /// 503: not now; the client may try again after so many seconds.
    pub fn unavailable(code: &str, error: impl Into<String>, retry_after_seconds: u32) -> Self {
        Self {
            retry_after_seconds: Some(retry_after_seconds),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code, error)
        }
    }

    /// The same, with the `message` that clients of the Go project print.
    pub fn with_message(mut self, message: &str) -> Self {
        self.body.message = Some(message.into());
        self
    }

    /// The body.
    pub fn body(&self) -> &ErrorBody {
        &self.body
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.body.error)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        if let Some(seconds) = self.retry_after_seconds {
            answer.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        answer.json(&self.body)
    }
}
