//! `podling run`: submit a task, and when asked, stay with it to its end.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::backoff::Backoff;
use crate::cli::context::Context;
use crate::cli::spec::{self, Variable};
use crate::cli::{output, wait};
use crate::client::{self, MasterClient};
use crate::wire;

/// How long a submission is repeated while the master can't say what became of it.
const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN_TRIES: Backoff = Backoff {
    first: Duration::from_millis(100),
    most: Duration::from_secs(1),
};

/// Run a container on one of the nodes; prints the task's id
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  podling run web --image nginx:latest -p 127.0.0.1:8000:80
  podling run job --image alpine --wait -- sh -c 'exit 3'; echo $?
  podling run job --image alpine --follow -e LEVEL=debug --cpu 500m --memory 256Mi -- ./job
  podling run db --image redis --restart always -l tier=data

The id goes to stdout, remarks go to stderr; with --follow stdout is the container's output. With
--wait or --follow podling ends with the container's exit code (1 when there is none), and Ctrl-C
leaves the task running.")]
pub(crate) struct Run {
    /// The task's name
    #[arg(value_name = "NAME")]
    name: String,
    /// The image, as `docker pull` takes it
    #[arg(long, value_name = "IMAGE")]
    image: String,
    /// A variable of the container; KEY alone: with the value it has here
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = spec::variable)]
    env: Vec<Variable>,
    /// A file of variables, a line each; --env beats it
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
    /// A port of the container, on this port of its host
    #[arg(short, long, value_name = "[IP:]HOST:CONTAINER[/udp]", value_parser = spec::port)]
    publish: Vec<wire::Port>,
    /// A label of the task
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = spec::label)]
    label: Vec<(String, String)>,
    /// Cores to reserve, and to use at most, such as 500m or 2
    #[arg(long, value_name = "CORES", value_parser = spec::cpu)]
    cpu: Option<wire::Quantity>,
    /// Memory to reserve, and to use at most, such as 256Mi
    #[arg(long, value_name = "BYTES", value_parser = spec::memory)]
    memory: Option<wire::Quantity>,
    /// When the container is started again [default: never]
    #[arg(long, value_name = "POLICY")]
    restart: Option<Restart>,
    /// When the image is pulled [default: missing]
    #[arg(long, value_name = "POLICY")]
    pull: Option<Pull>,
    /// How many nodes may try it; 1: it is never run a second time elsewhere [default: any number]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    max_attempts: Option<u32>,
    /// Wait until the task has ended
    #[arg(long)]
    wait: bool,
    /// Show the container's output until the task has ended
    #[arg(long)]
    follow: bool,
    /// What to run in the container, instead of what its image says
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Restart {
    Never,
    OnFailure,
    Always,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Pull {
    Missing,
    Always,
    Never,
}

impl Run {
    pub async fn execute(self, context: Context) -> anyhow::Result<ExitCode> {
        let (wait, follow) = (self.wait || self.follow, self.follow);
        let submit = self.submit()?;
        let master = context.master()?;
        let task = persist(&master, &submit).await?;
        if follow {
            output::note(&task.task_id);
        } else if !context.output.json {
            output::line(&task.task_id)?;
        } else if !wait {
            output::json(&task)?;
        }
        say_where(&task);
        if !wait {
            return Ok(ExitCode::SUCCESS);
        }
        wait::to_the_end(&master, &context, task, follow).await
    }

    fn submit(self) -> anyhow::Result<wire::SubmitTask> {
        let env = spec::environment(&self.env_file, self.env)?;
        let amounts = wire::ResourceAmounts {
            cpu: self.cpu,
            memory: self.memory,
        };
        let is_limited = amounts != wire::ResourceAmounts::default();
        Ok(wire::SubmitTask {
            name: self.name,
            image: self.image,
            command: None,
            args: some(self.command),
            env: Some(env).filter(|env| !env.is_empty()),
            labels: some(self.label).map(|labels| labels.into_iter().collect()),
            ports: some(self.publish),
            resources: is_limited.then(|| wire::Resources {
                requests: amounts.clone(),
                limits: amounts,
            }),
            restart_policy: self.restart.map(|restart| match restart {
                Restart::Never => wire::RestartPolicy::Never,
                Restart::OnFailure => wire::RestartPolicy::OnFailure,
                Restart::Always => wire::RestartPolicy::Always,
            }),
            max_attempts: self.max_attempts,
            pull_policy: self.pull.map(|pull| match pull {
                Pull::Missing => wire::PullPolicy::Missing,
                Pull::Always => wire::PullPolicy::Always,
                Pull::Never => wire::PullPolicy::Never,
            }),
        })
    }
}

fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

/// Submits, and again with the same key while it is unknown what became of it: the master takes
/// it once. A master that was never there is told at once.
async fn persist(
    master: &MasterClient,
    task: &wire::SubmitTask,
) -> Result<wire::Task, client::Error> {
    let key = format!("{:032x}", rand::random::<u128>());
    let mut last = match master.submit(task, &key).await {
        Err(error) if error.is_transient() && !error.is_refused() => error,
        answered => return answered,
    };
    let again = async {
        for failures in 1.. {
            let asked = match &last {
                client::Error::Status { retry_after, .. } => *retry_after,
                _ => None,
            };
            let wait = BETWEEN_TRIES.wait(failures, rand::random());
            tokio::time::sleep(asked.unwrap_or(wait)).await;
            match master.submit(task, &key).await {
                Err(error) if error.is_transient() => last = error,
                answered => return Some(answered),
            }
        }
        None
    };
    let answered = tokio::time::timeout(PATIENCE, again).await.ok().flatten();
    answered.unwrap_or(Err(last))
}

fn say_where(task: &wire::Task) {
    let name = &task.name;
    let text = match (&task.node_id, super::ps::why(task)) {
        (Some(node), _) => format!("{name} is {} on {node}", super::ps::status(task)),
        (None, Some(why)) => format!("{name} is pending: {why}"),
        (None, None) => format!("{name} is {}", super::ps::status(task)),
    };
    output::note(&text);
}
