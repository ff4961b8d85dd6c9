//! JSON bodies: an absent one is `{}`, a present one needs its content type, none may be long.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::Refusal;

/// Bodies longer than this are refused, before they are read when their length is announced; but
/// see [`LargeBody`].
pub const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// The limit of what lists everything a worker has, registrations and heartbeats: more than twenty
/// thousand tasks that are described in full.
pub const LARGE_BODY_LIMIT_BYTES: usize = 8 * 1024 * 1024;

/// The limit of orders to run a task: the master sends what it took, with what was left out filled in.
pub const ORDER_BODY_LIMIT_BYTES: usize = 4 * BODY_LIMIT_BYTES;

/// A JSON body as an argument of a handler. Whether fields it does not know are refused is up to
/// `T` (`#[serde(deny_unknown_fields)]`).
#[derive(Debug)]
pub struct Body<T, const LIMIT: usize = BODY_LIMIT_BYTES>(pub T);

/// An order to run a task.
pub type OrderBody<T> = Body<T, ORDER_BODY_LIMIT_BYTES>;

/// A body with the larger limit.
pub type LargeBody<T> = Body<T, LARGE_BODY_LIMIT_BYTES>;

impl<T: DeserializeOwned + 'static, const LIMIT: usize> FromRequest for Body<T, LIMIT> {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refusal>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let announced = announced_length(request);
        let json = is_json(request);
        let payload = payload.take();
        Box::pin(async move {
            if announced.is_some_and(|length| length > LIMIT) {
                return Err(too_long(LIMIT));
            }
            let text = read(payload, LIMIT).await?;
            if text.is_empty() {
                return parse(b"{}").map(Body);
            }
            if !json {
                return Err(Refusal::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported_media_type",
                    "the body has to be JSON, with \"Content-Type: application/json\"",
                ));
            }
            parse(&text).map(Body)
        })
    }
}

fn announced_length(request: &HttpRequest) -> Option<usize> {
    let value = request.headers().get(CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}

fn is_json(request: &HttpRequest) -> bool {
    let essence = request.content_type();
    essence.eq_ignore_ascii_case("application/json")
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

async fn read(mut payload: Payload, limit: usize) -> Result<web::BytesMut, Refusal> {
    let mut text = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk
            .map_err(|error| Refusal::invalid(format!("the body could not be read: {error}")))?;
        if text.len() + chunk.len() > limit {
            return Err(too_long(limit));
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}

fn too_long(limit: usize) -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_long",
        format!("the body is longer than {limit} bytes"),
    )
}

/// Reads JSON and says which field is wrong when one is.
fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Refusal> {
    // Asked here, because serde also reads a list as an object: its fields in their order.
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err(Refusal::invalid("the body must be a JSON object"));
    }
    // To know the field costs as much as to read it: only where something is wrong.
    if let Ok(value) = serde_json::from_slice(text) {
        return Ok(value);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let field = error.path().to_string();
        let error = error.inner();
        Refusal::invalid(match field.as_str() {
            _ if error.is_eof() => format!("the body is cut off: its JSON has no end ({error})"),
            // The body as a whole, and between two fields.
            "." | "?" => format!("invalid body: {error}"),
            _ => format!("invalid field `{field}`: {}", in_plain_words(error)),
        })
    })?;
    match deserializer.end() {
        Ok(()) => Ok(value),
        Err(error) => Err(Refusal::invalid(format!("invalid body: {error}"))),
    }
}

/// serde names Rust's types, and a place in a text that the client may never have seen: the field is
/// named already.
fn in_plain_words(error: &serde_json::Error) -> String {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let text = text.strip_suffix(&place).unwrap_or(&text);
    let ranges = [
        ("u16", u16::MAX.to_string()),
        ("u32", u32::MAX.to_string()),
        ("u64", u64::MAX.to_string()),
    ];
    for (name, most) in ranges {
        if let Some(found) = text.strip_suffix(&format!("expected {name}")) {
            return format!("{found}expected a whole number from 0 to {most}");
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::wire::{Heartbeat, Register, Stop, SubmitTask};

    #[actix_web::test]
    async fn ten_thousand_tasks_fit_where_everything_is_listed() {
        let task = serde_json::json!({
            "taskId": "0d9c5a3e-8f5b-4b0e-9d0c-000000000000", "attempt": 1, "status": "failed",
            "nodeId": "worker-1", "containerId": "f".repeat(64), "exitCode": 1,
            "error": "exit code 1", "reason": "exit code 1", "restartCount": 0,
        });
        let body = serde_json::json!({
            "hostname": "h", "port": 1, "tasks": vec![task; 10_000],
        });
        let request = || TestRequest::post().set_json(&body).to_http_parts();
        let (http, mut payload) = request();
        let register = LargeBody::<Register>::from_request(&http, &mut payload).await;
        assert_eq!(register.unwrap().0.tasks.unwrap().len(), 10_000);
        let (http, mut payload) = request();
        let beat = LargeBody::<Heartbeat>::from_request(&http, &mut payload).await;
        assert_eq!(beat.unwrap().0.tasks.unwrap().len(), 10_000);
        let (http, mut payload) = request();
        let refused = Body::<Register>::from_request(&http, &mut payload).await;
        let refused = refused.unwrap_err().to_string();
        assert_eq!(refused, "the body is longer than 1048576 bytes");
    }

    #[test]
    fn a_wrong_field_is_named_with_its_path() {
        let text = br#"{"name":"a","ports":[{"containerPort":"x"}]}"#;
        let refusal = parse::<SubmitTask>(text).unwrap_err();
        assert!(
            refusal.to_string().contains("`ports[0].containerPort`"),
            "{refusal}"
        );
    }

    #[test]
    fn a_number_out_of_range_is_told_the_range() {
        for (text, expected) in [
            (
                r#"{"port":70000}"#,
                "invalid field `port`: invalid value: integer `70000`, \
                 expected a whole number from 0 to 65535",
            ),
            (
                r#"{"capacity":-1}"#,
                "invalid field `capacity`: invalid value: integer `-1`, \
                 expected a whole number from 0 to 4294967295",
            ),
        ] {
            let refusal = parse::<Register>(text.as_bytes()).unwrap_err();
            assert_eq!(refusal.to_string(), expected);
        }
    }

    #[test]
    fn an_unknown_field_is_named_where_unknown_fields_are_refused() {
        let refusal = parse::<Stop>(br#"{"gracePeriod":1}"#).unwrap_err();
        assert!(refusal.to_string().contains("gracePeriod"), "{refusal}");
    }

    #[test]
    fn what_is_no_object_is_refused_as_such() {
        for text in [
            "[]", "[1,2]", "\"x\"", "null", " 5", "true", "nonsense", " ",
        ] {
            let refusal = parse::<Stop>(text.as_bytes()).unwrap_err();
            let expected = "the body must be a JSON object";
            assert_eq!(refusal.to_string(), expected, "{text}");
        }
        assert!(parse::<Stop>(b" \r\n{}").is_ok());
    }

    #[test]
    fn what_is_cut_off_or_broken_is_told_in_plain_words() {
        for text in ["{", r#"{"name""#, r#"{"name":"#, r#"{"name":"a","#] {
            let text = parse::<SubmitTask>(text.as_bytes())
                .unwrap_err()
                .to_string();
            assert!(text.starts_with("the body is cut off"), "{text}");
        }
        let text = parse::<SubmitTask>(b"{name}").unwrap_err().to_string();
        assert!(text.starts_with("invalid body: "), "{text}");
    }

    #[test]
    fn what_follows_the_json_is_refused() {
        assert!(parse::<Stop>(b"{} {}").is_err());
    }
}
