//! Plain requests to a master's API, for tests that look at statuses and headers.

use std::time::Duration;

use serde_json::Value;

/// A complete answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    /// Null when it is no JSON.
    pub body: Value,
}

/// None when there was no complete answer, as of a master that is killed.
pub fn send(
    url: &str,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: &Value,
) -> Option<Answer> {
    let agent = ureq::Agent::config_builder().http_status_as_error(false);
    let agent = agent.timeout_global(Some(Duration::from_secs(15)));
    let agent: ureq::Agent = agent.build().into();
    let request = ureq::http::Request::builder().method(method);
    let mut request = request.uri(format!("{url}{path}"));
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    let answer = if body.is_null() {
        agent.run(request.body(()).unwrap())
    } else {
        let request = request.header("Content-Type", "application/json");
        agent.run(request.body(body.to_string()).unwrap())
    };
    let mut answer = answer.ok()?;
    let text = answer.body_mut().read_to_string().ok()?;
    let retry_after = answer.headers().get("retry-after");
    Some(Answer {
        status: answer.status().as_u16(),
        retry_after: retry_after.map(|value| value.to_str().unwrap().to_owned()),
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
    })
}
