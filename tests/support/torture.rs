//! How much a random test does: a little in every run, much with `make torture`.

/// `often` when `PODLING_TORTURE` is set, else `usually`.
pub fn rounds(usually: usize, often: usize) -> usize {
    match std::env::var_os("PODLING_TORTURE") {
        Some(value) if !value.is_empty() && value != "0" => often,
        _ => usually,
    }
}
