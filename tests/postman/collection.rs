//! What the runner reads of a Postman collection (format 2.1) and of an environment.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Names and values of `{{variables}}`.
pub type Variables = BTreeMap<String, String>;

/// The requests, in their order, folder by folder.
pub struct Collection {
    folders: Vec<(String, Vec<Request>)>,
}

/// One request, with `{{variables}}` still in it.
pub struct Request {
    /// `Folder / Name`.
    pub name: String,
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
    /// The lines of its test script.
    pub script: Vec<String>,
}

impl Request {
    /// Its path as OpenAPI writes it: `/api/v1/tasks/{id}`.
    pub fn path_template(&self) -> String {
        let path = self.url.split_once("}}").map_or("", |(_, path)| path);
        let path = path.split('?').next().unwrap_or_default();
        let part = |part: &str| {
            if part.contains("{{") {
                "{id}".to_owned()
            } else {
                part.to_owned()
            }
        };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    }
}

impl Collection {
    pub fn parse(json: &str) -> Self {
        let raw: RawCollection = serde_json::from_str(json).expect("a collection of format 2.1");
        let folders = raw.item.into_iter().map(|folder| {
            let requests = folder
                .item
                .into_iter()
                .map(|item| item.read(&folder.name))
                .collect();
            (folder.name, requests)
        });
        Self {
            folders: folders.collect(),
        }
    }

    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.folders.iter().flat_map(|(_, requests)| requests)
    }
}

/// The variables of an environment file.
pub fn parse_environment(json: &str) -> Variables {
    let raw: RawEnvironment = serde_json::from_str(json).expect("a Postman environment");
    raw.values
        .into_iter()
        .map(|variable| (variable.key, variable.value))
        .collect()
}

/// Puts values in the place of `{{variables}}`; one that is not known stays as it is.
pub fn fill(text: &str, variables: &Variables) -> String {
    variables
        .iter()
        .fold(text.to_owned(), |text, (key, value)| {
            text.replace(&format!("{{{{{key}}}}}"), value)
        })
}

#[derive(Deserialize)]
struct RawCollection {
    item: Vec<RawFolder>,
}

#[derive(Deserialize)]
struct RawFolder {
    name: String,
    item: Vec<RawItem>,
}

#[derive(Deserialize)]
struct RawItem {
    name: String,
    #[serde(default)]
    event: Vec<RawEvent>,
    request: RawRequest,
}

#[derive(Deserialize)]
struct RawEvent {
    listen: String,
    script: RawScript,
}

#[derive(Deserialize)]
struct RawScript {
    exec: Vec<String>,
}

#[derive(Deserialize)]
struct RawRequest {
    method: String,
    header: Vec<RawVariable>,
    body: Option<RawBody>,
    url: RawUrl,
}

#[derive(Deserialize)]
struct RawBody {
    mode: String,
    raw: String,
}

#[derive(Deserialize)]
struct RawUrl {
    raw: String,
}

#[derive(Deserialize)]
struct RawEnvironment {
    values: Vec<RawVariable>,
}

#[derive(Deserialize)]
struct RawVariable {
    key: String,
    value: String,
}

impl RawItem {
    fn read(self, folder: &str) -> Request {
        let name = format!("{folder} / {}", self.name);
        let mut script = Vec::new();
        for event in self.event {
            assert_eq!(
                event.listen, "test",
                "{name}: only test scripts are understood"
            );
            script.extend(event.script.exec);
        }
        let body = self.request.body.map(|body| {
            assert_eq!(body.mode, "raw", "{name}: only raw bodies are understood");
            body.raw
        });
        Request {
            name,
            method: self.request.method,
            url: self.request.url.raw,
            headers: self
                .request
                .header
                .into_iter()
                .map(|h| (h.key, h.value))
                .collect(),
            body,
            script,
        }
    }
}
