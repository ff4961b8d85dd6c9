//! Logging: one line per event to stderr, filtered by `RUST_LOG`.

/// What is logged without `RUST_LOG`. bollard logs whole request bodies, secrets in environment
/// variables included, at `debug`: it stays at `warn`.
const DEFAULT_FILTER: &str = "info,bollard=warn,actix_server=warn";
const VERBOSE_FILTER: &str =
    "debug,bollard=warn,h2=info,hyper=info,rustls=info,tokio_postgres=info";

/// Starts logging. May be called once.
pub fn init(verbose: bool) {
    let filter = if verbose {
        VERBOSE_FILTER
    } else {
        DEFAULT_FILTER
    };
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(filter)).init();
}
