//! Runs the Postman collection of `docs/postman/` against a live master and worker.
//!
//! The collection is documentation that people click through; this keeps it true. It is walked from
//! top to bottom, each request is sent as it stands there (with its `{{variables}}` filled in), and
//! each line of its tests is carried out. What the runner does not understand is a failure, so a test
//! written in Postman can't be passed over here in silence.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "what is printed and what panics here is the test's own report"
)]

mod collection;
mod runner;
mod script;
mod standalone;

use std::collections::BTreeSet;

use collection::Collection;
use standalone::Standalone;

const COLLECTION: &str = include_str!("../../docs/postman/Podling.postman_collection.json");
const ENVIRONMENT: &str = include_str!("../../docs/postman/Podling.postman_environment.json");

#[test]
fn the_collection_passes_against_a_live_master_and_worker() {
    let collection = Collection::parse(COLLECTION);
    let mut variables = collection::parse_environment(ENVIRONMENT);
    let podling = Standalone::start();
    variables.insert("masterUrl".into(), podling.master_url.clone());
    variables.insert("workerUrl".into(), podling.worker_url.clone());
    variables.insert("image".into(), podling.image.clone());

    let outcome = runner::run(&collection, variables);

    println!("{} requests, {} tests", outcome.requests, outcome.tests);
    assert!(
        outcome.failures.is_empty(),
        "{} of {} tests failed:\n{}\npodling's log:\n{}",
        outcome.failures.len(),
        outcome.tests,
        outcome.failures.join("\n"),
        podling.log()
    );
    assert!(
        outcome.requests >= 50,
        "only {} requests were found",
        outcome.requests
    );
}

#[test]
fn every_endpoint_of_the_openapi_document_is_in_the_collection() {
    let requested: BTreeSet<(String, String)> = Collection::parse(COLLECTION)
        .requests()
        .map(|request| (request.method.to_lowercase(), request.path_template()))
        .collect();
    let document = serde_json::to_value(podling::master::http::document()).unwrap();
    let paths = document["paths"].as_object().expect("paths");
    let documented = paths.iter().flat_map(|(path, methods)| {
        methods
            .as_object()
            .expect("methods")
            .keys()
            .map(|method| (method.clone(), path.clone()))
    });
    let missing: Vec<_> = documented
        .filter(|endpoint| !requested.contains(endpoint))
        .collect();
    assert!(
        paths.len() >= 15,
        "only {} paths are documented",
        paths.len()
    );
    assert!(missing.is_empty(), "not in the collection: {missing:?}");
}

#[test]
fn every_request_of_the_collection_tests_the_status_of_its_answer() {
    for request in Collection::parse(COLLECTION).requests() {
        let tests_status = request
            .script
            .iter()
            .any(|line| line.contains("to.have.status("));
        assert!(tests_status, "{}", request.name);
    }
}

#[test]
fn every_variable_of_the_collection_is_in_the_environment() {
    let variables = collection::parse_environment(ENVIRONMENT);
    for request in Collection::parse(COLLECTION).requests() {
        let filled = collection::fill(&request.url, &variables);
        let body = collection::fill(request.body.as_deref().unwrap_or_default(), &variables);
        assert!(
            !filled.contains("{{") && !body.contains("{{"),
            "{}: {filled} {body}",
            request.name
        );
    }
}
