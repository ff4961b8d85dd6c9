//! "Did you mean …?" for a misspelt key, and what there is when nothing is near.

use super::settings::{SETTINGS, Setting};

/// What may stand in a file instead of this key: the near one, else all that may stand there.
pub(super) fn instead_of(key: &str) -> String {
    let mut sections: Vec<&str> = SETTINGS.iter().map(Setting::section).collect();
    sections.dedup();
    sections.retain(|section| !section.is_empty());
    let keys = SETTINGS.iter().map(|setting| setting.key);
    let known = keys.chain(sections.iter().copied()).map(str::to_owned);
    if let Some(meant) = did_you_mean(key, known.filter(|name| name != key)) {
        return meant;
    }
    let section = key.split_once('.').map_or("", |(section, _)| section);
    let beside = SETTINGS.iter().filter(|other| other.section() == section);
    let beside: Vec<&str> = beside.map(Setting::name).collect();
    let beside = beside.join(", ");
    match section {
        "" => format!("; allowed: {beside}, [{}]", sections.join("], [")),
        section => format!("; allowed in [{section}]: {beside}"),
    }
}

/// `; did you mean "master.bind"?` when one of the known names is near.
pub(super) fn did_you_mean(word: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let near = known
        .map(|name| (distance(word, &name), name))
        .min_by_key(|(distance, _)| *distance);
    let (_, name) = near.filter(|(distance, _)| *distance <= word.len() / 3)?;
    Some(format!("; did you mean {name:?}?"))
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
            did_you_mean("master.bnid", known()).as_deref(),
            Some("; did you mean \"master.bind\"?")
        );
        assert_eq!(did_you_mean("frobnicate", known()), None);
    }

    #[test]
    fn where_nothing_is_near_all_there_is_is_named() {
        assert_eq!(
            instead_of("frobnicate"),
            "; allowed: master-url, output, health-url, [master], [worker]"
        );
        assert_eq!(instead_of("mastre"), "; did you mean \"master\"?");
        let in_master = instead_of("master.frobnicate");
        let begin = "; allowed in [master]: bind, store, database-url, data-dir, ";
        assert!(in_master.starts_with(begin), "{in_master}");
        assert!(!in_master.contains("node-id"), "{in_master}");
    }

    #[test]
    fn the_distance_counts_changes() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
