//! What a task wrote: as a stream of text, or in one piece for clients of the Go project.

use actix_web::http::StatusCode;
use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;

use super::{State, unknown_task};
use crate::http::{Query, Refusal, until};
use crate::wire::{LogQuery, WorkerLogs};
use crate::worker::logs::{Lines, read};
use crate::worker::runtime::LogOptions;

/// How many lines when nothing is said.
const DEFAULT_TAIL: u64 = 100;
/// The most that is put in one piece: the last bytes win.
const ONE_PIECE_BYTES: usize = 8 * 1024 * 1024;

/// `GET /api/v1/tasks/{id}/logs`
pub async fn logs(
    state: State,
    id: web::Path<String>,
    query: Query<LogQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let options = options(&query.0)?;
    let view = state.runner().view(&id).ok_or_else(|| unknown_task(&id))?;
    let in_one_piece = !options.follow && !accepts_text(&request);
    let tail = options.tail;
    let shared = std::sync::Arc::clone(state.runner().shared());
    let lines = read(shared, view, options, &state.handle);
    if in_one_piece {
        return one_piece(lines, tail, &id).await;
    }
    let lines = stream::unfold(lines, |mut lines| async {
        let line = lines.recv().await?;
        if let Err(error) = &line {
            log::warn!("logs cut off: {error}");
        }
        Some((line, lines))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .streaming(until(state.streams.clone(), lines)))
}

async fn one_piece(mut lines: Lines, tail: Option<u64>, id: &str) -> Result<HttpResponse, Refusal> {
    let mut text = Vec::new();
    while let Some(line) = lines.recv().await {
        let line = line.map_err(|error| {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "engine", error.to_string())
        })?;
        text.extend_from_slice(&line);
        if text.len() > 2 * ONE_PIECE_BYTES {
            text.drain(..text.len() - ONE_PIECE_BYTES);
        }
    }
    let start = text.len().saturating_sub(ONE_PIECE_BYTES);
    Ok(HttpResponse::Ok().json(WorkerLogs {
        logs: String::from_utf8_lossy(&text[start..]).into_owned(),
        tail: tail.unwrap_or_default(),
        task_id: id.into(),
    }))
}

fn accepts_text(request: &HttpRequest) -> bool {
    let accept = request.headers().get(ACCEPT);
    accept
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/plain"))
}

fn options(query: &LogQuery) -> Result<LogOptions, Refusal> {
    let tail = match query.tail.as_deref() {
        None => Some(DEFAULT_TAIL),
        Some("all") => None,
        Some(text) => Some(text.parse().map_err(|_| {
            Refusal::invalid(format!(
                "invalid tail \"{text}\": a number of lines, or all"
            ))
        })?),
    };
    let (stdout, stderr) = streams(query.stream.as_deref())?;
    Ok(LogOptions {
        stdout,
        stderr,
        tail,
        since_seconds: query.since_seconds().map_err(Refusal::invalid)?,
        timestamps: query.timestamps.unwrap_or_default(),
        follow: query.follow.unwrap_or_default(),
    })
}

fn streams(text: Option<&str>) -> Result<(bool, bool), Refusal> {
    let Some(text) = text else {
        return Ok((true, true));
    };
    let mut wanted = (false, false);
    for name in text.split(',') {
        match name.trim() {
            "stdout" => wanted.0 = true,
            "stderr" => wanted.1 = true,
            other => {
                return Err(Refusal::invalid(format!(
                    "invalid stream \"{other}\": stdout, stderr, or both with a comma between"
                )));
            }
        }
    }
    Ok(wanted)
}
