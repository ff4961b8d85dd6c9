//! What a scripted engine is made with.

use super::Behaviour;
use crate::worker::runtime::Info;

/// Says how the next run of the container of this name goes. Asked once before each start.
pub type Draw = Box<dyn FnMut(&str) -> Behaviour + Send>;

/// What a scripted engine is made with.
pub struct Setup {
    /// What it says of itself and its host.
    pub info: Info,
    /// So many events wait for who follows them; one who is slower than that has to follow anew.
    pub events_kept: usize,
    /// Whether it remembers everything it was asked: only for what ends soon.
    pub keeps_journal: bool,
    /// Decides how containers behave. With it any image is there; without, only those named.
    pub draw: Option<Draw>,
}

impl Default for Setup {
    fn default() -> Self {
        let mut info = Info {
            cpu_millicores: 4000,
            memory_bytes: 8 << 30,
            ..Info::default()
        };
        info.engine.name = "scripted".into();
        Self {
            info,
            events_kept: 1024,
            keeps_journal: true,
            draw: None,
        }
    }
}
