//! "Did you mean …?" for a misspelt key.

/// `; did you mean "master.bind"?` when one of the known names is near, else nothing.
pub(super) fn did_you_mean(word: &str, known: impl Iterator<Item = String>) -> String {
    let near = known
        .map(|name| (distance(word, &name), name))
        .min_by_key(|(distance, _)| *distance);
    match near {
        Some((distance, name)) if distance <= word.len() / 3 => format!("; did you mean {name:?}?"),
        _ => String::new(),
    }
}

/// How many bytes have to be put in, taken out or changed to make one of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let known = || ["master.bind", "worker.port"].map(String::from).into_iter();
        assert_eq!(
            did_you_mean("master.bnid", known()),
            "; did you mean \"master.bind\"?"
        );
        assert_eq!(did_you_mean("frobnicate", known()), "");
    }

    #[test]
    fn the_distance_counts_changes() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
