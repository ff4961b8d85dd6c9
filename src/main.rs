//! The `podling` executable: parse, dispatch, exit code.

use std::process::ExitCode;

/// Why this one, and what it costs: docs/decisions/0009.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Where the kernel gives huge pages to whoever does not refuse them, an idle process would have three
    // times the memory. (The Makefile has the allocator refuse them before its first; this is for who builds
    // otherwise.) A kernel that knows none gives none.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    podling::cli::run(std::env::args_os())
}
