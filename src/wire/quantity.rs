//! An amount as it is written in requests: a number, or a text such as `"500m"` or `"256Mi"`.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// A number (millicores of cpu, bytes of memory) or a text with a unit.
///
/// Answers always carry the number; [`crate::core::resources`] parses the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Quantity {
    /// Millicores or bytes.
    Number(u64),
    /// `"500m"`, `"2"`, `"0.5"` for cpu; `"256Mi"`, `"1G"`, `"1024"` for memory.
    Text(String),
}

// By hand, because what is derived says of a wrong value only that it "did not match any variant".
impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = Quantity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Quantity, E> {
        Ok(Quantity::Number(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Quantity, E> {
        let number = u64::try_from(number).map_err(|_| wrong(number));
        number.map(Quantity::Number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Quantity, E> {
        Err(wrong(number))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Quantity, E> {
        Err(wrong(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Quantity, E> {
        Ok(Quantity::Text(text.to_owned()))
    }
}

const EXPECTED: &str = "a whole number, 0 or more, or a text such as \"500m\" or \"256Mi\"";

fn wrong<E: Error>(value: impl fmt::Display) -> E {
    E::custom(format!("must be {EXPECTED}, not {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_read() {
        let read = |text| serde_json::from_str::<Quantity>(text).unwrap();
        assert_eq!(read("0"), Quantity::Number(0));
        assert_eq!(read("18446744073709551615"), Quantity::Number(u64::MAX));
        assert_eq!(read("\"500m\""), Quantity::Text("500m".into()));
    }

    #[test]
    fn anything_else_is_told_what_it_has_to_be() {
        for text in ["-1", "0.5", "true", "[]", "{}"] {
            let error = serde_json::from_str::<Quantity>(text).unwrap_err();
            assert!(error.to_string().contains(EXPECTED), "{text}: {error}");
        }
    }
}
