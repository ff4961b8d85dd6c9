//! Amounts of cpu and memory as people write them: `500m`, `0.5`, `256Mi`, `1.5Gi`.
//!
//! The notation is Kubernetes'. Computed in whole numbers, so that nothing is lost to floating
//! point; what is finer than a millicore or a byte is rounded up, so that nobody gets less than he
//! asked for.

/// Digits after the point that are read; more would be a mistake.
const MOST_DECIMALS: usize = 9;

const MEMORY_UNITS: [(&str, u64); 12] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("Pi", 1 << 50),
    ("k", 1_000),
    ("K", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("", 1),
];

/// Millicores of `500m`, `2` or `0.5`. The error is a text for people.
pub fn parse_cpu(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(number) => (number, 1),
        None => (text, 1_000),
    };
    scaled(number, unit).ok_or_else(|| {
        format!("{text:?} is not an amount of cpu: write \"500m\", \"2\" or \"0.5\"")
    })
}

/// Bytes of `1024`, `256Mi`, `1.5Gi` or `1G`. The error is a text for people.
pub fn parse_memory(text: &str) -> Result<u64, String> {
    MEMORY_UNITS
        .iter()
        .find_map(|(unit, bytes)| scaled(text.strip_suffix(unit)?, *bytes))
        .ok_or_else(|| {
            format!("{text:?} is not an amount of memory: write \"256Mi\", \"1.5Gi\" or \"1G\"")
        })
}

/// `number × unit`, rounded up; none when the text is no decimal number or the product too large.
fn scaled(number: &str, unit: u64) -> Option<u64> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > MOST_DECIMALS {
        return None;
    }
    let scale = 10_u128.pow(decimals.len() as u32);
    let whole: u64 = whole.parse().ok()?;
    let decimals: u128 = decimals.parse().ok()?;
    let scaled = (u128::from(whole) * scale + decimals) * u128::from(unit);
    u64::try_from(scaled.div_ceil(scale)).ok()
}

/// `2` or `1500m`.
pub fn format_cpu(millicores: u64) -> String {
    if millicores.is_multiple_of(1_000) {
        (millicores / 1_000).to_string()
    } else {
        format!("{millicores}m")
    }
}

/// `256Mi`, `1.5Gi`: in the largest unit that has at least one, rounded down to one decimal.
pub fn format_memory(bytes: u64) -> String {
    for (unit, size) in MEMORY_UNITS[..5].iter().rev() {
        if bytes >= *size {
            let tenths = u128::from(bytes) * 10 / u128::from(*size);
            return match tenths % 10 {
                0 => format!("{}{unit}", tenths / 10),
                tenth => format!("{}.{tenth}{unit}", tenths / 10),
            };
        }
    }
    bytes.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_read_in_cores_and_millicores() {
        let read = ["500m", "2", "0.5", "0", "0.0001", "1.25"].map(|text| parse_cpu(text).unwrap());
        assert_eq!(read, [500, 2_000, 500, 0, 1, 1_250]);
    }

    #[test]
    fn memory_is_read_in_bytes_and_both_kinds_of_units() {
        let read = ["1024", "256Mi", "1G", "1.5Gi", "2k", "2K", "1Pi", "0.1Ki"]
            .map(|text| parse_memory(text).unwrap());
        let expected = [
            1024,
            256 << 20,
            1_000_000_000,
            3 << 29,
            2_000,
            2_000,
            1 << 50,
            103,
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_no_amount_is_refused_with_an_example() {
        for text in ["", "m", "-1", "1e3", ".5", "5.", "1.0000000000", "1 ", "2x"] {
            assert!(parse_cpu(text).unwrap_err().contains("500m"), "{text:?}");
        }
        for text in [
            "",
            "Mi",
            "1MB",
            "256m",
            "+1",
            "99999999Pi",
            "18446744073709551616",
        ] {
            assert!(
                parse_memory(text).unwrap_err().contains("256Mi"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn amounts_are_written_short_and_never_larger_than_they_are() {
        assert_eq!([2_000, 1_500, 0].map(format_cpu), ["2", "1500m", "0"]);
        let memory = [1_000, 256 << 20, 3 << 29, (4 << 30) - 1, 1 << 50];
        assert_eq!(
            memory.map(format_memory),
            ["1000", "256Mi", "1.5Gi", "3.9Gi", "1Pi"]
        );
    }

    proptest::proptest! {
        #[test]
        fn cpu_that_was_written_is_read_again(millicores in 0..u64::MAX / 1_000) {
            proptest::prop_assert_eq!(parse_cpu(&format_cpu(millicores)), Ok(millicores));
        }
    }
}
