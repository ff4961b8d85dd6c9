//! Micro-benchmarks of the core: how many decisions, changes and placements a second, and how many
//! allocations each takes.
//!
//! `cargo bench --bench core` measures all, `cargo bench --bench core -- place` those of that name;
//! `cargo test --bench core` only runs each once, on small clusters (`make test` does).
#![allow(missing_docs, reason = "a program")]

mod apply;
mod decide;
mod explain;
mod fixture;
mod load;
mod place;
mod profile;

#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    if !profile::when_asked() {
        divan::main();
    }
}
