//! The few numbers that say what a list of measurements looks like.

use std::time::Duration;

use serde_json::{Value, json};

pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The middle one; 0 when there are none.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Median, p95 and extremes.
pub fn summary(values: &[f64]) -> Value {
    json!({
        "median": round(median(values)),
        "p95": round(quantile(values, 0.95)),
        "min": round(quantile(values, 0.0)),
        "max": round(quantile(values, 1.0)),
        "runs": values.len(),
    })
}

pub fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1) as f64;
    sorted
        .get((last * part).round() as usize)
        .copied()
        .unwrap_or_default()
}
