//! How much a random test does: a little in every run, much with `make torture`. And what it draws
//! its choices from, to be given again.

/// `often` when `PODLING_TORTURE` is set, else `usually`.
pub fn rounds(usually: usize, often: usize) -> usize {
    match std::env::var_os("PODLING_TORTURE") {
        Some(value) if !value.is_empty() && value != "0" => often,
        _ => usually,
    }
}

/// The number of `PODLING_SEED`, or any; printed, so that a failed test can be given it again. What
/// other processes do meanwhile does not follow from it.
#[expect(clippy::print_stderr, reason = "for whoever repeats a failed test")]
pub fn seed() -> u64 {
    let given = std::env::var("PODLING_SEED").ok();
    let seed = given.map_or_else(rand::random, |text| {
        let seed = text.parse();
        seed.unwrap_or_else(|_| panic!("PODLING_SEED is a number, not {text:?}"))
    });
    eprintln!("PODLING_SEED={seed}");
    seed
}
