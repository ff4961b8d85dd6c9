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

use args::Cli;
use context::Context;

/// Parses these arguments (the first one is the program), does what they say, and gives the
/// process's exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(go_flags::accept(args)) {
        Ok(cli) => cli,
        // Help and version are "errors" too, of exit code 0; clap knows where each is printed.
        Err(error) => {
            let _ = error.print();
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
