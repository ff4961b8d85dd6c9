//! Amounts of cpu and memory as people write them.

/// Millicores: `2`, `0.5`, `500m`. None when it is none, or less than a millicore.
pub(crate) fn millicores(text: &str) -> Option<u64> {
    let amount = match text.strip_suffix('m') {
        Some(millicores) => millicores.parse().ok()?,
        None => scaled(text, 1000)?,
    };
    (amount > 0).then_some(amount)
}

/// Bytes: `1024`, `512Mi`, `1.5Gi`, `2G`. None when it is none, or less than a byte.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let (digits, unit) = text.split_at(
        text.find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(text.len()),
    );
    let factor = match unit {
        "" => 1,
        "k" | "K" => 1000,
        "M" => 1000_u64.pow(2),
        "G" => 1000_u64.pow(3),
        "T" => 1000_u64.pow(4),
        "Ki" => 1024,
        "Mi" => 1024_u64.pow(2),
        "Gi" => 1024_u64.pow(3),
        "Ti" => 1024_u64.pow(4),
        _ => return None,
    };
    scaled(digits, factor).filter(|bytes| *bytes > 0)
}

/// `digits` or `digits.digits`, times `factor`, rounded down.
fn scaled(text: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(factor)?;
    let unit = 10_u64.pow(fraction.len() as u32);
    let part = u128::from(fraction.parse::<u64>().ok()?) * u128::from(factor) / u128::from(unit);
    whole.checked_add(u64::try_from(part).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_cores_or_millicores() {
        assert_eq!(
            ["2", "0.5", "500m", "1.25"].map(millicores),
            [2000, 500, 500, 1250].map(Some)
        );
        assert_eq!(
            ["", "0", "0m", "-1", "x", "1.", ".5", "0.5m"].map(millicores),
            [None; 8]
        );
    }

    #[test]
    fn memory_is_bytes_with_or_without_a_unit() {
        let texts = ["1024", "1k", "2G", "512Mi", "1.5Gi"];
        let expected = [1024, 1000, 2_000_000_000, 536_870_912, 1_610_612_736];
        assert_eq!(texts.map(bytes), expected.map(Some));
        assert_eq!(
            ["", "0", "Mi", "1 Gi", "5X", "99999999999Ti"].map(bytes),
            [None; 6]
        );
    }
}
