//! The API's document and its page.

use std::collections::BTreeSet;

use podling::master::http::{document, routes};
use serde_json::Value;

use crate::bench::Bench;

#[test]
fn the_document_and_the_router_name_the_same_paths_and_methods() {
    let document = serde_json::to_value(document()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.insert((path.clone(), method.to_uppercase()));
        }
    }
    let mut routed = BTreeSet::new();
    for (path, methods) in routes() {
        for (method, _) in methods {
            routed.insert((path.to_owned(), method.to_string()));
        }
    }
    assert_eq!(documented, routed);
}

#[test]
fn every_operation_documents_its_errors_and_says_what_it_is() {
    let document = serde_json::to_value(document()).unwrap();
    let without = ["/health", "/ready", "/version", "/api-docs/openapi.json"];
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            assert!(operation["summary"].is_string(), "{path}");
            let default = &operation["responses"]["default"];
            assert_eq!(
                default.is_object(),
                !without.contains(&path.as_str()),
                "{path}"
            );
        }
    }
    assert!(document["components"]["schemas"]["ErrorBody"].is_object());
}

#[test]
fn the_document_is_served_as_openapi_3_1() {
    let answer = Bench::start().get("/api-docs/openapi.json");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["openapi"], "3.1.0");
    assert_eq!(answer.json(), serde_json::to_value(document()).unwrap());
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = serde_json::to_value(document()).unwrap();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 10, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn the_page_is_embedded_and_fetches_nothing_from_elsewhere() {
    let bench = Bench::start();
    let page = bench.get("/api-docs/");
    assert_eq!(page.status, 200);
    assert!(page.text.contains("swagger-ui"), "{}", page.text);
    let start = bench.get("/api-docs/swagger-initializer.js").text;
    assert!(start.contains("/api-docs/openapi.json"), "{start}");
    for text in [page.text, start] {
        assert!(
            !text.contains("https://") && !text.contains("http://"),
            "{text}"
        );
    }
    let moved = bench.get("/api-docs");
    assert_eq!(
        (moved.status, moved.header("location")),
        (308, Some("/api-docs/"))
    );
}
