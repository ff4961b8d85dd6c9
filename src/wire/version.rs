//! What a process says about itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// `podling-master` or `podling-worker`.
    pub service: String,
    /// Only of a worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// What its container engine calls itself. Only of a worker that could ask it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_id: Option<String>,
}

/// `GET /ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// `ready` or `not ready`.
    pub status: String,
    /// What is missing, one line each; empty when ready.
    pub missing: Vec<String>,
}

/// `GET /version`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// The program's version.
    pub version: String,
    /// The commit it was built from.
    pub commit: String,
    /// When it was built, RFC 3339.
    pub build_date: String,
    /// The version of the API: `v1`.
    pub api_version: String,
}
