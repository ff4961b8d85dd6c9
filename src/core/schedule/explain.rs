//! Why no node takes a task, in one line.

use super::Asks;
use super::candidate::Candidate;
use super::filter::{FILTERS, refusing};

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

/// Whether two reasons refuse alike. The figures in parentheses do not count: they change whenever
/// anything is placed or ends.
pub fn same_refusal(one: &str, other: &str) -> bool {
    one == other || without_figures(one).eq(without_figures(other))
}

fn without_figures(reason: &str) -> impl Iterator<Item = char> {
    let mut depth = 0_u32;
    reason.chars().filter(move |c| match c {
        '(' => {
            depth += 1;
            false
        }
        ')' => {
            depth = depth.saturating_sub(1);
            false
        }
        _ => depth == 0,
    })
}

#[cfg(test)]
mod tests {
    use super::same_refusal;

    #[test]
    fn figures_make_no_other_refusal() {
        let refusal = "no node takes it: 2 nodes: not enough cpu (asks 4, most free 1)";
        assert!(same_refusal(refusal, refusal));
        assert!(same_refusal(
            refusal,
            &refusal.replace("free 1", "free 470m")
        ));
        assert!(same_refusal(
            "1 node: degraded (a (b) c)",
            "1 node: degraded (d)"
        ));
        assert!(!same_refusal(
            refusal,
            &refusal.replace("2 nodes", "3 nodes")
        ));
        assert!(!same_refusal(refusal, &refusal.replace("cpu", "memory")));
        assert!(!same_refusal(
            refusal,
            &format!("{refusal}; 1 node: draining")
        ));
        assert!(!same_refusal("", refusal));
    }
}
