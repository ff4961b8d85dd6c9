//! How many of many: `1%`, `0.5%`, `0`.

use std::str::FromStr;

use rand::Rng;

/// A part of the whole, none to all of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    percent: f64,
}

impl Share {
    /// Whether this one is among them.
    pub fn draw(&self, rng: &mut impl Rng) -> bool {
        rng.random_bool(self.percent / 100.0)
    }
}

impl FromStr for Share {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = match text.strip_suffix('%') {
            Some(number) => number.trim(),
            None if text == "0" => text,
            None => "",
        };
        let percent = number.parse().ok();
        percent
            .filter(|percent| (0.0..=100.0).contains(percent))
            .map(|percent| Self { percent })
            .ok_or("allowed: 0% to 100%, such as 1% or 0.5%")
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn drawn(text: &str) -> Option<usize> {
        let share: Share = text.parse().ok()?;
        let mut rng = StdRng::seed_from_u64(7);
        Some((0..10_000).filter(|_| share.draw(&mut rng)).count())
    }

    #[test]
    fn a_share_is_drawn_as_often_as_it_says() {
        assert_eq!(drawn("0"), Some(0));
        assert_eq!(drawn("0%"), Some(0));
        assert_eq!(drawn("100%"), Some(10_000));
        assert!(drawn("1%").is_some_and(|n| (60..160).contains(&n)));
        assert!(drawn("0.5%").is_some_and(|n| (20..100).contains(&n)));
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for wrong in ["", "1", "%", "-1%", "101%", "NaN%", "inf%", "one%"] {
            assert_eq!(drawn(wrong), None, "{wrong}");
        }
    }
}
