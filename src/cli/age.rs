//! Spans of time as tables show them: `30s`, `2m`, `5h`, `3d`.

use jiff::Timestamp;

/// How long ago, in the largest unit that fits. A clock that is ahead of ours shows `0s`.
pub(super) fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(then.as_second()).max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_age_is_shown_in_its_largest_unit() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let ages = [-5, 0, 59, 60, 3599, 3600, 86_399, 86_400, 864_000];
        let shown = ages.map(|seconds| age(at(1_000_000), at(1_000_000 + seconds)));
        assert_eq!(
            shown,
            ["0s", "0s", "59s", "1m", "59m", "1h", "23h", "1d", "10d"]
        );
    }
}
