//! What this program is: its version, and what it was built from.

use crate::wire;

/// Version, commit and build date. The last two come from the build's environment
/// (`PODLING_COMMIT`, `PODLING_BUILD_DATE`): a build of a source tree without them says so.
pub fn version() -> wire::Version {
    wire::Version {
        version: env!("CARGO_PKG_VERSION").into(),
        commit: option_env!("PODLING_COMMIT").unwrap_or("unknown").into(),
        build_date: option_env!("PODLING_BUILD_DATE")
            .unwrap_or("unknown")
            .into(),
        api_version: "v1".into(),
    }
}
