//! Why no node takes a task, in one line.

use super::Asks;
use super::filter::{FILTERS, refusing};
use super::room::Candidate;

/// `no node takes it: 2 nodes: not enough memory (asks 4Gi, most free 1Gi); 1 node: draining`.
pub fn explain(candidates: &[Candidate<'_>], asks: &Asks) -> String {
    if candidates.is_empty() {
        return "no nodes registered".into();
    }
    let mut groups: Vec<(usize, Vec<&Candidate<'_>>)> =
        (0..FILTERS.len()).map(|filter| (filter, vec![])).collect();
    for candidate in candidates {
        if let Some(filter) = refusing(candidate, asks) {
            groups[filter].1.push(candidate);
        }
    }
    groups.retain(|(_, refused)| !refused.is_empty());
    groups.sort_by_key(|(_, refused)| std::cmp::Reverse(refused.len()));
    let reasons: Vec<String> = groups
        .into_iter()
        .map(|(filter, refused)| {
            let nodes = match refused.len() {
                1 => "1 node".to_owned(),
                many => format!("{many} nodes"),
            };
            format!("{nodes}: {}", (FILTERS[filter].explain)(&refused, asks))
        })
        .collect();
    format!("no node takes it: {}", reasons.join("; "))
}
