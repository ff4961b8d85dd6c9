//! The `podling` executable: parse, dispatch, exit code.

use std::process::ExitCode;

/// Measured: a seventh less time for whatever is done (docs/decisions/0009).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    podling::cli::run(std::env::args_os())
}
