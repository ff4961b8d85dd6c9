//! Ids made by the master: `YYYYMMDDhhmmss-` and 8 of `[a-z0-9]`, so that they sort by time.

use crate::core::Now;

const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH: usize = 8;

/// An id that nobody has: from the moment and its random bits, and when that is taken, the next.
pub fn fresh_id(now: Now, taken: impl Fn(&str) -> bool) -> String {
    let mut bits = now.random;
    loop {
        let id = format!("{}-{}", stamp(now), suffix(bits));
        if !taken(&id) {
            return id;
        }
        bits = bits.wrapping_add(1);
    }
}

fn stamp(now: Now) -> String {
    // A clock outside of the years -9999 to 9999 is broken; the id stays one all the same.
    let at = jiff::Timestamp::from_millisecond(now.wall.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y%m%d%H%M%S").to_string()
}

fn suffix(mut bits: u64) -> String {
    let base = LETTERS.len() as u64;
    let mut letter = || {
        let letter = LETTERS[(bits % base) as usize];
        bits /= base;
        char::from(letter)
    };
    (0..LENGTH).map(|_| letter()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Timestamp;

    fn now(random: u64) -> Now {
        Now {
            wall: Timestamp(1_737_289_496_789),
            random,
            ..Now::default()
        }
    }

    #[test]
    fn an_id_says_when_it_was_made_in_utc() {
        assert_eq!(fresh_id(now(0), |_| false), "20250119122456-aaaaaaaa");
        assert_eq!(fresh_id(now(37), |_| false), "20250119122456-bbaaaaaa");
    }

    #[test]
    fn an_id_that_is_taken_is_not_given_again() {
        let taken = |id: &str| id.ends_with("-9999999z") || id.ends_with("-aaaaaaab");
        let last = 36_u64.pow(8) - 1;
        assert!(fresh_id(now(last), |_| false).ends_with("-99999999"));
        assert!(fresh_id(now(0), |id| id.ends_with("-aaaaaaaa")).ends_with("-baaaaaaa"));
        assert!(!taken(&fresh_id(now(u64::MAX), taken)));
    }

    #[test]
    fn a_broken_clock_still_gives_an_id() {
        let broken = Now {
            wall: Timestamp(i64::MAX),
            ..Now::default()
        };
        assert_eq!(fresh_id(broken, |_| false), "19700101000000-aaaaaaaa");
    }
}
