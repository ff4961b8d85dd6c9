//! `podling events`: what happened in the cluster, and what happens.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::{failure, output};
use crate::client::{self, EventStream};
use crate::wire::Event;

const RECONNECT: Duration = Duration::from_secs(1);

/// Show what happened in the cluster, oldest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podling events
  podling events --follow
  podling events --follow --after 1200       from a sequence number on
  podling events -o json                     one object a line")]
pub(crate) struct Events {
    /// Go on with what happens, until interrupted
    #[arg(short, long)]
    follow: bool,
    /// Only events after this sequence number
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,
}

impl Events {
    pub async fn execute(mut self, context: Context) -> anyhow::Result<ExitCode> {
        let master = context.master()?;
        let mut events = master.events(self.after, self.follow).await?;
        loop {
            match self.print(events, &context).await {
                Ok(()) if !self.follow => return Ok(ExitCode::SUCCESS),
                Ok(()) => {}
                Err(error) => self.tolerate(error)?,
            }
            // A master that restarts ends the stream; its numbers go on where they were.
            events = loop {
                tokio::time::sleep(RECONNECT).await;
                match master.events(self.after, self.follow).await {
                    Ok(events) => break events,
                    Err(error) => self.tolerate(error.into())?,
                }
            };
        }
    }

    /// Who follows outlasts a master that is away, once it was there.
    fn tolerate(&self, error: anyhow::Error) -> anyhow::Result<()> {
        let of_master = error.downcast_ref::<client::Error>();
        if !self.follow || !of_master.is_some_and(client::Error::is_transient) {
            return Err(error);
        }
        output::note(&format!("{}; trying again", failure::describe(&error)));
        Ok(())
    }

    /// Prints until the stream ends, and remembers how far it came.
    async fn print(&mut self, mut events: EventStream, context: &Context) -> anyhow::Result<()> {
        while let Some(event) = events.next().await? {
            match context.output.json {
                true => output::json_line(&event)?,
                false => output::line(&text(&event))?,
            }
            self.after = Some(event.sequence);
        }
        Ok(())
    }
}

fn text(event: &Event) -> String {
    let about = event.task_id.as_ref().or(event.node_id.as_ref());
    let about = about.map_or("-", String::as_str);
    format!(
        "{:.0}  {:<17}  {about:<23}  {}",
        event.at, event.kind, event.message
    )
}
