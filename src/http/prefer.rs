//! How much of an answer is wanted.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;

/// The header (RFC 7240).
pub const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Its value that asks for the short answer.
pub const RETURN_MINIMAL: &str = "return=minimal";

/// Whether the short answer is asked for: exactly so, and not among other preferences.
pub fn prefers_minimal(request: &HttpRequest) -> bool {
    let preferred = request.headers().get(PREFER);
    preferred.is_some_and(|preferred| preferred == RETURN_MINIMAL)
}
