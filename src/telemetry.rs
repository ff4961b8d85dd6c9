//! Logging: one line per event to stderr, filtered by `RUST_LOG` or `--verbose`.

/// What is logged without `RUST_LOG`. bollard logs whole request bodies, secrets in environment
/// variables included, at `debug`: it stays at `warn`.
pub const DEFAULT_FILTER: &str = "info,bollard=warn,actix_server=warn";
const VERBOSE_FILTER: &str =
    "debug,bollard=warn,h2=info,hyper=info,rustls=info,tokio_postgres=info";

/// `1 task`, `2 tasks`.
pub fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// Starts logging: what `filter` says unless `RUST_LOG` does; `verbose` is a flag, so it beats both.
/// May be called once.
pub fn init(filter: &str, verbose: bool) {
    if verbose {
        let style = std::env::var("RUST_LOG_STYLE").unwrap_or_default();
        env_logger::Builder::new()
            .parse_filters(VERBOSE_FILTER)
            .parse_write_style(&style)
            .init();
    } else {
        env_logger::init_from_env(env_logger::Env::default().default_filter_or(filter));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_several() {
        let said = [0, 1, 2].map(|count| counted(count, "task"));
        assert_eq!(said, ["0 tasks", "1 task", "2 tasks"]);
    }
}
