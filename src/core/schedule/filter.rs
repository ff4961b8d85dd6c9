//! Filters: each is a check of one node, and the words for why nodes did not pass it.
//!
//! A new rule for placement is a new filter in [`FILTERS`]; its place there is the order in which
//! nodes are asked, and a node counts for the first filter that refuses it.

use super::Asks;
use super::candidate::Candidate;
use crate::core::resources::{format_cpu, format_memory};
use crate::core::{Availability, Node};
use crate::mutant::{self, Mutant};

/// One condition for a placement.
pub struct Filter {
    /// Whether the node can take it, as far as this filter is concerned.
    pub passes: fn(&Candidate<'_>, &Asks) -> bool,
    /// Why these nodes (never none) can't.
    pub explain: fn(&[&Candidate<'_>], &Asks) -> String,
}

/// All of them.
pub const FILTERS: [Filter; 10] = [
    Filter {
        passes: |candidate, _| candidate.node.availability == Availability::Online,
        explain: |_, _| "offline".into(),
    },
    Filter {
        passes: |candidate, _| candidate.node.drain.is_none(),
        explain: |_, _| "draining".into(),
    },
    Filter {
        passes: |candidate, _| candidate.node.degraded.is_none(),
        explain: |refused, _| with_reason("degraded", refused, |node| node.degraded.as_deref()),
    },
    Filter {
        passes: |candidate, _| candidate.node.unreachable.is_none(),
        explain: |refused, _| {
            with_reason("unreachable", refused, |node| node.unreachable.as_deref())
        },
    },
    Filter {
        passes: |candidate, _| candidate.clearing == 0,
        explain: |refused, _| {
            let left = refused.iter().map(|candidate| candidate.clearing);
            let left = match left.sum() {
                1_usize => "1 task of before is".to_owned(),
                many => format!("{many} tasks of before are"),
            };
            format!("clearing ({left} still to end there)")
        },
    },
    Filter {
        passes: |candidate, _| !candidate.silent,
        explain: |_, _| "silent, perhaps lost".into(),
    },
    Filter {
        passes: |candidate, _| {
            let slots = candidate.node.capacity.slots;
            slots.is_none_or(|slots| {
                candidate.taken.slots < slots || mutant::is(Mutant::SlotsForgotten)
            })
        },
        explain: |refused, _| {
            let slots = refused.iter().filter_map(|c| c.node.capacity.slots);
            format!(
                "no free slot (all {} taken)",
                slots.map(u64::from).sum::<u64>()
            )
        },
    },
    Filter {
        passes: |candidate, asks| {
            free_cpu(candidate).is_none_or(|free| asks.requests.cpu_millicores <= free)
        },
        explain: |refused, asks| {
            let asked = asks.requests.cpu_millicores;
            let most = most(refused, free_cpu);
            not_enough("cpu", asked, most, format_cpu)
        },
    },
    Filter {
        passes: |candidate, asks| {
            free_memory(candidate).is_none_or(|free| asks.requests.memory_bytes <= free)
        },
        explain: |refused, asks| {
            let asked = asks.requests.memory_bytes;
            let most = most(refused, free_memory);
            not_enough("memory", asked, most, format_memory)
        },
    },
    Filter {
        passes: |candidate, asks| candidate.clash(&asks.ports).is_none(),
        explain: |refused, asks| {
            let mut taken: Vec<_> = refused
                .iter()
                .filter_map(|c| c.clash(&asks.ports))
                .collect();
            taken.sort();
            taken.dedup();
            let taken: Vec<_> = taken.into_iter().map(ToString::to_string).collect();
            format!("host port {} is taken", taken.join(" or "))
        },
    },
];

/// The filter that refuses the node, by its place in [`FILTERS`]; none: it can take the task.
pub fn refusing(candidate: &Candidate<'_>, asks: &Asks) -> Option<usize> {
    FILTERS
        .iter()
        .position(|filter| !(filter.passes)(candidate, asks))
}

fn free_cpu(candidate: &Candidate<'_>) -> Option<u64> {
    let capacity = candidate.node.capacity.cpu_millicores?;
    Some(capacity.saturating_sub(candidate.taken.cpu_millicores))
}

fn free_memory(candidate: &Candidate<'_>) -> Option<u64> {
    let capacity = candidate.node.capacity.memory_bytes?;
    Some(capacity.saturating_sub(candidate.taken.memory_bytes))
}

fn most(refused: &[&Candidate<'_>], free: fn(&Candidate<'_>) -> Option<u64>) -> u64 {
    let free = refused.iter().filter_map(|candidate| free(candidate));
    free.max().unwrap_or(0)
}

fn not_enough(what: &str, asked: u64, most: u64, format: fn(u64) -> String) -> String {
    let (mut asked_text, mut most_text) = (format(asked), format(most));
    if asked_text == most_text {
        // A difference that rounding hides would read as a mistake of ours.
        (asked_text, most_text) = (asked.to_string(), most.to_string());
    }
    format!("not enough {what} (asks {asked_text}, most free {most_text})")
}

/// The condition, and why when it is about a single node.
fn with_reason(
    condition: &str,
    refused: &[&Candidate<'_>],
    reason: fn(&Node) -> Option<&str>,
) -> String {
    match refused {
        [one] => match reason(one.node) {
            // Parentheses mark what does not count when reasons are compared: see `same_refusal`.
            Some(reason) if !reason.is_empty() => {
                format!(
                    "{condition} ({})",
                    reason.replace('(', "[").replace(')', "]")
                )
            }
            _ => condition.to_owned(),
        },
        _ => condition.to_owned(),
    }
}
