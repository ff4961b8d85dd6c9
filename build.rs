//! Tells the program which commit it is and of which day.
//!
//! `PODLING_COMMIT` and `PODLING_BUILD_DATE` (or `SOURCE_DATE_EPOCH`) say it; else git is asked.
//! Without git it is "unknown": a build never fails for that.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for name in ["PODLING_COMMIT", "PODLING_BUILD_DATE", "SOURCE_DATE_EPOCH"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    // The commit changes when HEAD moves or what it points to does, and then only.
    let head = ["HEAD", "logs/HEAD"].map(|file| git(&["rev-parse", "--git-path", file]));
    for path in head.into_iter().flatten() {
        if std::path::Path::new(&path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    let commit = given("PODLING_COMMIT").or_else(|| git(&["rev-parse", "--short=12", "HEAD"]));
    let date = given("PODLING_BUILD_DATE")
        .or_else(|| given("SOURCE_DATE_EPOCH").and_then(|seconds| utc(seconds.parse().ok()?)))
        .or_else(|| git(&["log", "-1", "--format=%ct"]).and_then(|s| utc(s.parse().ok()?)));
    let unknown = || "unknown".to_owned();
    println!(
        "cargo:rustc-env=PODLING_COMMIT={}",
        commit.unwrap_or_else(unknown)
    );
    println!(
        "cargo:rustc-env=PODLING_BUILD_DATE={}",
        date.unwrap_or_else(unknown)
    );
}

fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// Seconds since 1970 as RFC 3339 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms":
/// days are counted from March, so that a leap day is the last one of its year).
fn utc(seconds: i64) -> Option<String> {
    let (days, second) = (
        seconds.checked_add(719_468 * 86_400)? / 86_400,
        seconds.rem_euclid(86_400),
    );
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
    ))
}
