//! The `podling` executable: parse, dispatch, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    podling::cli::run(std::env::args_os())
}
