//! The layers of an image that is pulled: bars on a terminal, plain lines elsewhere; on stderr.

use std::collections::HashMap;
use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::output;
use crate::wire::PullProgress;

/// Shows the steps of a pull.
pub(super) enum Progress {
    /// A bar for each layer.
    Bars {
        all: MultiProgress,
        layers: HashMap<String, ProgressBar>,
    },
    /// A line for each change of a layer's status: not for each of its bytes.
    Lines { told: HashMap<String, String> },
}

impl Progress {
    pub fn new() -> Self {
        match std::io::stderr().is_terminal() {
            true => Self::Bars {
                all: MultiProgress::new(),
                layers: HashMap::new(),
            },
            false => Self::Lines {
                told: HashMap::new(),
            },
        }
    }

    /// Shows one step.
    pub fn show(&mut self, step: &PullProgress) {
        let layer = step.layer.clone().unwrap_or_default();
        match self {
            Self::Bars { all, layers } => {
                let bar = layers.entry(layer).or_insert_with_key(|layer| {
                    let bar = ProgressBar::no_length().with_style(spinner());
                    all.add(bar.with_prefix(layer.clone()))
                });
                if let (Some(current), Some(total)) = (step.current, step.total) {
                    bar.set_style(bytes());
                    bar.set_length(total);
                    bar.set_position(current);
                }
                bar.set_message(step.status.clone());
                if is_last(&step.status) {
                    bar.set_style(spinner());
                    bar.finish();
                }
                bar.tick();
            }
            Self::Lines { told } => {
                if told.get(&layer) != Some(&step.status) {
                    let begin = if layer.is_empty() { "" } else { ": " };
                    output::note(&format!("{layer}{begin}{}", step.status));
                    told.insert(layer, step.status.clone());
                }
            }
        }
    }

    /// A remark, above the bars.
    pub fn note(&self, text: &str) {
        match self {
            Self::Bars { all, .. } => all.suspend(|| output::note(text)),
            Self::Lines { .. } => output::note(text),
        }
    }

    /// Leaves on the screen what is shown, and draws it no more: a bar that goes on would move the
    /// cursor up, and be drawn over what was printed meanwhile.
    pub fn finish(&mut self) {
        if let Self::Bars { all, layers } = self {
            for (_, bar) in layers.drain() {
                bar.abandon();
            }
            *all = MultiProgress::new();
        }
    }
}

/// Docker's words for a layer that is done.
fn is_last(status: &str) -> bool {
    ["Pull complete", "Already exists"].contains(&status)
}

fn spinner() -> ProgressStyle {
    style("{prefix:12} {msg}")
}

fn bytes() -> ProgressStyle {
    style("{prefix:12} {msg:16} [{bar:30}] {bytes}/{total_bytes}")
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants; a wrong one would show the usual bar.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
