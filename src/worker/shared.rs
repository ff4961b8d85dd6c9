//! What all supervisors of a worker work with.

use std::sync::Arc;

use super::engine::EngineState;
use super::metrics::Metrics;
use super::pulls::Pulls;
use super::reporter::Reporter;
use super::runtime::Runtime;
use crate::clock::SharedClock;

/// What all supervisors work with.
pub struct Shared {
    /// This node.
    pub node_id: String,
    /// The engine.
    pub runtime: Arc<dyn Runtime>,
    /// Time.
    pub clock: SharedClock,
    /// What the master has to be told.
    pub reporter: Reporter,
    /// Images on their way.
    pub pulls: Pulls,
    /// How the engine is.
    pub engine: EngineState,
    /// Figures.
    pub metrics: Metrics,
}

impl Shared {
    /// What the engine calls itself; none as long as it could not be asked.
    pub fn engine_id(&self) -> Option<String> {
        let info = self.engine.info();
        let info = info.borrow();
        let id = info.as_ref().map(|info| info.engine.id.clone());
        id.filter(|id| !id.is_empty())
    }
}
