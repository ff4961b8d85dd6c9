//! A span that durations are drawn from: `20ms..80ms`, or `5s` for always the same.

use std::str::FromStr;
use std::time::Duration;

use rand::Rng;

use crate::config::duration;

/// More is no run time but a mistake.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// From the least to the most, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    least: Duration,
    most: Duration,
}

impl Range {
    /// One of them, each microsecond as likely as any other.
    pub fn draw(&self, rng: &mut impl Rng) -> Duration {
        let [least, most] = [self.least, self.most].map(|it| it.as_micros() as u64);
        Duration::from_micros(rng.random_range(least..=most))
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = |part: &str| {
            duration(part.trim()).ok_or_else(|| {
                "allowed: durations such as 20ms..80ms, or one such as 5s".to_owned()
            })
        };
        let (least, most) = match text.split_once("..") {
            Some((least, most)) => (read(least)?, read(most)?),
            None => (read(text)?, read(text)?),
        };
        if least > most {
            return Err("the first duration has to be the shorter one".into());
        }
        if most > LONGEST {
            return Err("more than a year is not allowed".into());
        }
        Ok(Self { least, most })
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn read(text: &str) -> Result<(u128, u128), String> {
        let range: Range = text.parse()?;
        Ok((range.least.as_millis(), range.most.as_millis()))
    }

    #[test]
    fn a_range_is_two_durations_or_one() {
        assert_eq!(read("20ms..80ms"), Ok((20, 80)));
        assert_eq!(read("500ms..1m"), Ok((500, 60_000)));
        assert_eq!(read("5s"), Ok((5_000, 5_000)));
        assert_eq!(read("0..1s"), Ok((0, 1_000)));
    }

    #[test]
    fn what_is_no_range_is_told() {
        for wrong in [
            "",
            "..",
            "5",
            "5s..",
            "..5s",
            "1s..2s..3s",
            "-1s..2s",
            "a..b",
        ] {
            let error = read(wrong).unwrap_err();
            assert!(error.starts_with("allowed: durations"), "{wrong}: {error}");
        }
        let error = read("2s..1s").unwrap_err();
        assert_eq!(error, "the first duration has to be the shorter one");
        assert!(
            read("1s..9000d")
                .unwrap_err()
                .starts_with("more than a year")
        );
    }

    #[test]
    fn what_is_drawn_is_within_and_differs() {
        let mut rng = StdRng::seed_from_u64(1);
        let range: Range = "20ms..80ms".parse().unwrap();
        let drawn: Vec<_> = (0..1000).map(|_| range.draw(&mut rng)).collect();
        assert!(
            drawn
                .iter()
                .all(|it| (range.least..=range.most).contains(it))
        );
        assert!(drawn.iter().any(|it| *it < Duration::from_millis(25)));
        assert!(drawn.iter().any(|it| *it > Duration::from_millis(75)));
        let only: Range = "5s".parse().unwrap();
        assert_eq!(only.draw(&mut rng), Duration::from_secs(5));
    }
}
