//! `podling logs`: what a task's container wrote.

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::Args;
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::failure::of_master;
use crate::cli::lines::Lines;
use crate::cli::{output, resolve};
use crate::config;
use crate::wire::LogQuery;

/// Show what a task's container wrote
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podling logs web                           the last 100 lines
  podling logs web --tail all --timestamps
  podling logs web --follow                  until the task ends
  podling logs web --since 10m
  podling logs web --since 2026-01-02T15:04:05Z
  podling logs web -o json                   an object a line: {\"line\":\"…\"}")]
pub(crate) struct Logs {
    /// The task's id, an unambiguous beginning of it, or its name
    #[arg(value_name = "ID")]
    task: String,
    /// The last so many lines, or all [default: 100; all with --since]
    #[arg(long, value_name = "N|all", value_parser = tail)]
    tail: Option<String>,
    /// Go on until the task ends
    #[arg(short, long)]
    follow: bool,
    /// Only what is newer: a duration such as 10m, or an RFC 3339 time
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Since>,
    /// Put its time before each line
    #[arg(long)]
    timestamps: bool,
}

#[derive(Debug, Clone, Copy)]
enum Since {
    Ago(SignedDuration),
    At(Timestamp),
}

impl Logs {
    pub async fn execute(self, context: Context) -> anyhow::Result<ExitCode> {
        let master = context.master()?;
        let task = resolve::task_to_show(&master, &self.task).await?;
        let since = match self.since {
            Some(Since::Ago(duration)) => Some(context.now().saturating_sub(duration)?),
            Some(Since::At(time)) => Some(time),
            None => None,
        };
        let query = LogQuery {
            tail: self.tail.or_else(|| since.map(|_| "all".into())),
            follow: self.follow.then_some(true),
            since: since.map(|since| since.to_string()),
            timestamps: self.timestamps.then_some(true),
            stream: None,
        };
        let mut log = master.logs(&task.task_id, &query).await?;
        let mut lines = context.output.json.then(Lines::default);
        while let Some(chunk) = log.next().await {
            match (chunk, &mut lines) {
                (Ok(chunk), None) => output::bytes(&chunk)?,
                (Ok(chunk), Some(lines)) => print_as_json(lines.whole(&chunk))?,
                (Err(error), _) => {
                    print_as_json(lines.and_then(|mut lines| lines.last()))?;
                    // Not as the client's error: there was an answer, so its hint would lead astray.
                    bail!("the log broke off: {}", of_master(&error));
                }
            }
        }
        print_as_json(lines.and_then(|mut lines| lines.last()))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn print_as_json(lines: impl IntoIterator<Item = String>) -> std::io::Result<()> {
    let mut lines = lines.into_iter();
    lines.try_for_each(|line| output::json_line(&json!({ "line": line })))
}

fn tail(text: &str) -> anyhow::Result<String> {
    match text == "all" || text.parse::<u64>().is_ok() {
        true => Ok(text.to_owned()),
        false => Err(anyhow!("allowed: a number of lines, or all")),
    }
}

fn since(text: &str) -> anyhow::Result<Since> {
    if let Ok(time) = text.parse() {
        return Ok(Since::At(time));
    }
    config::duration(text)
        .and_then(|duration| duration.try_into().ok())
        .map(Since::Ago)
        .ok_or_else(|| {
            anyhow!("allowed: a duration such as 10m, or a time such as 2026-01-02T15:04:05Z")
        })
}
