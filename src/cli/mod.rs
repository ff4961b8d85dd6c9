//! The command line: one file per command in `commands`, and only `output` prints.
//!
//! A command gets a [`Context`] and gives an exit code: 0 done, 1 failed, 2 usage or
//! configuration. What fails is an `anyhow::Error`, explained once, at the end, by `failure`.

mod age;
mod args;
mod commands;
mod context;
mod details;
mod failure;
mod go_flags;
mod lines;
mod output;
mod progress;
mod resolve;
mod server;
mod spec;
mod table;
mod wait;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use args::Cli;
use context::Context;

/// Parses these arguments (the first one is the program), does what they say, and gives the
/// process's exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = go_flags::accept(args);
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        // Help and version are "errors" too, of exit code 0; clap knows where each is printed.
        Err(error) => {
            let _ = error.print();
            if is_command_without_dashes(&error, &args) {
                output::hint("what to run in the container comes after `--`, behind all options");
            }
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    let done = Context::new(&cli.global, cli.command.flags())
        .and_then(|context| cli.command.execute(context));
    match done {
        Ok(code) => code,
        Err(error) => failure::report(&error),
    }
}

/// `podling run web --image nginx echo hi`, as `docker run` takes it.
fn is_command_without_dashes(error: &clap::Error, args: &[OsString]) -> bool {
    let Some(ContextValue::String(wrong)) = error.get(ContextKind::InvalidArg) else {
        return false;
    };
    let is_run = args.iter().any(|arg| arg == "run");
    is_run && error.kind() == ErrorKind::UnknownArgument && !wrong.starts_with('-')
}
