//! Ids made by the master: `YYYYMMDDhhmmss-` and 8 of `[a-z0-9]`, so that they sort by time.

use crate::core::Now;

const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// `YYYYMMDDhhmmss-`.
const STAMP: usize = 15;
const LENGTH: usize = 8;

/// An id that nobody has: from the moment and its random bits, and when that is taken, the next.
pub fn fresh_id(now: Now, taken: impl Fn(&str) -> bool) -> String {
    let mut id = String::with_capacity(STAMP + LENGTH);
    push_stamp(&mut id, now);
    id.push('-');
    let stamp = id.len();
    let mut bits = now.random;
    loop {
        id.truncate(stamp);
        push_letters(&mut id, bits);
        if !taken(&id) {
            return id;
        }
        bits = bits.wrapping_add(1);
    }
}

/// By hand: a general formatter takes a sixth of all that a submission does in the core.
fn push_stamp(id: &mut String, now: Now) {
    // A clock outside of the years 0 to 9999 is broken; the id stays one all the same.
    let at = jiff::Timestamp::from_millisecond(now.wall.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let at = jiff::tz::Offset::UTC.to_datetime(at);
    let (century, year) = (at.year() / 100, at.year() % 100);
    push_two_digits(id, century);
    push_two_digits(id, year);
    for part in [at.month(), at.day(), at.hour(), at.minute(), at.second()] {
        push_two_digits(id, part.into());
    }
}

fn push_two_digits(id: &mut String, number: i16) {
    let number = u8::try_from(number).unwrap_or(0);
    id.push(char::from(b'0' + number / 10 % 10));
    id.push(char::from(b'0' + number % 10));
}

fn push_letters(id: &mut String, mut bits: u64) {
    let base = LETTERS.len() as u64;
    for _ in 0..LENGTH {
        id.push(char::from(LETTERS[(bits % base) as usize]));
        bits /= base;
    }
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
    fn every_part_of_the_moment_has_its_digits() {
        for (wall_ms, stamp) in [
            (0, "19700101000000"),
            (951_782_400_000, "20000229000000"),
            (253_402_207_200_000, "99991230220000"),
            (-62_167_219_200_000, "00000101000000"),
        ] {
            let now = Now {
                wall: Timestamp(wall_ms),
                ..Now::default()
            };
            assert_eq!(fresh_id(now, |_| false), format!("{stamp}-aaaaaaaa"));
        }
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
