//! Walks through the collection as Postman's collection runner does.

use std::io::Read;
use std::thread::sleep;
use std::time::Duration;

use ureq::http;

use crate::collection::{Collection, Request, Variables, fill};
use crate::script::{Answer, Statement, parse};

/// A request may be repeated so often, so long apart: 60 seconds in all.
const REPETITIONS: u32 = 600;
const PAUSE: Duration = Duration::from_millis(100);

/// What came of a run.
#[derive(Default)]
pub struct Outcome {
    pub requests: usize,
    pub tests: usize,
    /// One text each.
    pub failures: Vec<String>,
}

/// Sends every request and carries out every line of its script.
///
/// A failure does not end the run: what follows shows how far it reaches.
pub fn run(collection: &Collection, mut variables: Variables) -> Outcome {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into();
    let mut outcome = Outcome::default();
    for request in collection.requests() {
        outcome.requests += 1;
        match carry_out(&agent, request, &mut variables) {
            Ok((answer, tests)) => {
                println!("{} -> {}", request.name, answer.status);
                outcome.tests += tests.len();
                let failed = tests.into_iter().filter_map(|(name, result)| {
                    let found = result.err()?;
                    Some(format!(
                        "{}: {name}: {found}\n    {}",
                        request.name, answer.text
                    ))
                });
                outcome.failures.extend(failed);
            }
            Err(error) => {
                outcome.tests += 1;
                outcome.failures.push(format!("{}: {error}", request.name));
            }
        }
    }
    outcome
}

type Tests = Vec<(String, Result<(), String>)>;

fn carry_out(
    agent: &ureq::Agent,
    request: &Request,
    variables: &mut Variables,
) -> Result<(Answer, Tests), String> {
    let lines = request
        .script
        .iter()
        .map(|line| parse(line).map_err(|e| format!("{line}: {e}")));
    let script: Vec<Statement> = lines.collect::<Result<_, _>>()?;
    for _ in 0..REPETITIONS {
        let answer = send(agent, request, variables)?;
        let mut tests = Tests::new();
        let mut again = false;
        for statement in &script {
            match statement {
                Statement::Test { name, assertion } => {
                    tests.push((name.clone(), assertion.check(&answer, variables)));
                }
                Statement::Set { variable, value } => {
                    let value = value.value(&answer, variables)?;
                    let text = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    variables.insert(variable.clone(), text);
                }
                Statement::AgainWhile { values, is } => {
                    again = values.contains(&is.value(&answer, variables)?);
                }
            }
        }
        if !again || tests.iter().any(|(_, result)| result.is_err()) {
            return Ok((answer, tests));
        }
        sleep(PAUSE);
    }
    Err("the condition it waits for never came".to_owned())
}

fn send(agent: &ureq::Agent, request: &Request, variables: &Variables) -> Result<Answer, String> {
    let url = fill(&request.url, variables);
    let mut builder = http::Request::builder()
        .method(request.method.as_str())
        .uri(&url);
    for (name, value) in &request.headers {
        builder = builder.header(name, fill(value, variables));
    }
    let sent = match &request.body {
        Some(body) => builder
            .body(fill(body, variables))
            .map_err(|e| e.to_string())
            .and_then(|request| agent.run(request).map_err(|e| e.to_string())),
        None => builder
            .body(())
            .map_err(|e| e.to_string())
            .and_then(|request| agent.run(request).map_err(|e| e.to_string())),
    };
    let response = sent.map_err(|e| format!("{} {url}: {e}", request.method))?;
    let (head, mut body) = response.into_parts();
    let headers = head.headers.iter().map(|(name, value)| {
        (
            name.to_string(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    });
    let mut answer = Answer {
        status: head.status.as_u16(),
        headers: headers.collect(),
        text: String::new(),
    };
    let is_endless = answer
        .header("content-type")
        .is_some_and(|t| t.contains("event-stream"));
    answer.text = if is_endless {
        first_event(body.as_reader())
    } else {
        body.read_to_string()
            .map_err(|e| format!("{} {url}: {e}", request.method))?
    };
    Ok(answer)
}

/// Reads up to the blank line that ends an event: the stream itself never ends.
fn first_event(mut stream: impl Read) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\n\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
        text.push(byte[0]);
    }
    String::from_utf8_lossy(&text).into_owned()
}
