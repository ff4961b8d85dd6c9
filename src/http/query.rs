//! Query strings as arguments of handlers.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::error::QueryPayloadError;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::Refusal;

/// A query string as an argument of a handler: like [`web::Query`], refused in the common form.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Refusal;
    type Future = Ready<Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Query))
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    match web::Query::<Named<T>>::from_query(text) {
        Ok(query) => Ok(query.into_inner().0),
        Err(QueryPayloadError::Deserialize(error)) => Err(Refusal::invalid(error.to_string())),
        Err(error) => Err(Refusal::invalid(format!("invalid query: {error}"))),
    }
}

/// Whose errors begin with the name of the field.
struct Named<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_path_to_error::deserialize(deserializer)
            .map(Self)
            .map_err(|error| {
                let field = error.path().to_string();
                let problem = error.into_inner().to_string();
                D::Error::custom(match field.as_str() {
                    "." | "?" => format!("invalid query: {problem}"),
                    _ => format!("{field}: {}", plain(&problem)),
                })
            })
    }
}

/// What a value has to be, instead of how reading it went wrong.
fn plain(problem: &str) -> &str {
    match problem {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "must be a number, 0 or more"
        }
        "number too large to fit in target type" => "must be a smaller number",
        "provided string was not `true` or `false`" => "must be true or false",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{ListTasks, LogQuery};

    #[test]
    fn a_wrong_value_is_refused_by_the_name_of_its_field() {
        let refused = |text: &str| parse::<ListTasks>(text).unwrap_err().to_string();
        for text in ["limit=ten", "limit=", "limit=-1"] {
            let refusal = refused(&format!("name=a&{text}"));
            assert_eq!(refusal, "limit: must be a number, 0 or more", "{text}");
        }
        let refusal = refused("cursor=99999999999999999999");
        assert_eq!(refusal, "cursor: must be a smaller number");
        let refusal = parse::<LogQuery>("follow=yes").unwrap_err().to_string();
        assert_eq!(refusal, "follow: must be true or false");
    }

    #[test]
    fn an_unknown_or_doubled_field_is_named() {
        let refused = |text: &str| parse::<LogQuery>(text).unwrap_err().to_string();
        assert!(refused("nonsense=1").contains("nonsense"));
        assert!(refused("tail=1&tail=2").contains("tail"));
    }
}
