//! What this build is; `build.rs` finds it out.

use crate::wire;

/// For `podling --version`: `0.1.0 (1a2b3c4d5e6f, 2026-11-23T10:00:00Z)`.
pub const TEXT: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("PODLING_COMMIT"),
    ", ",
    env!("PODLING_BUILD_DATE"),
    ")"
);

/// For `GET /version`.
pub fn version() -> wire::Version {
    wire::Version {
        version: env!("CARGO_PKG_VERSION").into(),
        commit: env!("PODLING_COMMIT").into(),
        build_date: env!("PODLING_BUILD_DATE").into(),
        api_version: "v1".into(),
    }
}
