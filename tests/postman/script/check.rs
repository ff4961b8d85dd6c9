//! Whether an assertion holds for an answer.

use serde_json::Value;

use super::{Answer, Assertion, Expression, Step};
use crate::collection::Variables;

impl Answer {
    /// The value of a header; names are compared without regard to case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

impl Assertion {
    /// Whether it holds for the answer; if not, why.
    pub fn check(&self, answer: &Answer, variables: &Variables) -> Result<(), String> {
        let value = |expression: &Expression| expression.value(answer, variables);
        let (holds, found) = match self {
            Self::Status(status) => (answer.status == *status, answer.status.to_string()),
            Self::Header(name) => (answer.header(name).is_some(), "no such header".to_owned()),
            Self::Eql(left, right) => {
                let (left, right) = (value(left)?, value(right)?);
                (left == right, format!("{left}, not {right}"))
            }
            Self::Include(whole, part) => {
                let (whole, part) = (value(whole)?, value(part)?);
                (includes(&whole, &part), format!("{whole}, without {part}"))
            }
            Self::BeA(of, wanted) => {
                let of = value(of)?;
                (
                    kind(&of) == wanted,
                    format!("{of}: {}, not {wanted}", kind(&of)),
                )
            }
            Self::Property { of, name, wanted } => {
                let of = value(of)?;
                (of.get(name).is_some() == *wanted, of.to_string())
            }
        };
        if holds { Ok(()) } else { Err(found) }
    }
}

impl Expression {
    /// Its value, once the answer is there. A field that is absent is null, as `undefined` compares.
    pub fn value(&self, answer: &Answer, variables: &Variables) -> Result<Value, String> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Variable(name) => variables
                .get(name)
                .map(|value| Value::String(value.clone()))
                .ok_or_else(|| format!("the variable {name} is not set")),
            Self::Header(name) => Ok(answer.header(name).map_or(Value::Null, Value::from)),
            Self::Text => Ok(Value::String(answer.text.clone())),
            Self::Stringify(inner) => Ok(inner.value(answer, variables)?.to_string().into()),
            Self::Json(steps) => {
                let json = serde_json::from_str(&answer.text)
                    .map_err(|e| format!("the answer is not JSON ({e}): {}", answer.text))?;
                Ok(steps.iter().fold(json, |value, step| step.take(&value)))
            }
        }
    }
}

impl Step {
    fn take(&self, value: &Value) -> Value {
        match self {
            Self::Field(name) => value.get(name).cloned().unwrap_or_default(),
            Self::Index(index) => value.get(index).cloned().unwrap_or_default(),
            Self::Length => value
                .as_array()
                .map_or(Value::Null, |array| array.len().into()),
            Self::Map(field) => value.as_array().map_or(Value::Null, |array| {
                array
                    .iter()
                    .map(|item| item.get(field).cloned().unwrap_or_default())
                    .collect()
            }),
        }
    }
}

/// A text contains a text; an array contains a value.
fn includes(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::String(whole), Value::String(part)) => whole.contains(part),
        (Value::Array(whole), part) => whole.contains(part),
        _ => false,
    }
}

/// The name chai has for a kind of value.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
