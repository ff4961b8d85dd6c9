//! Texts from outside, made fit to be kept: one line, not longer than people read.

use std::borrow::Cow;

/// The longest text that is kept, in bytes: twenty events of it still are a small record.
const LONGEST: usize = 500;

/// The text on one line, cut where it is too long. Costs nothing when there is nothing to do.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.len() <= LONGEST && !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(LONGEST + '…'.len_utf8());
    for c in text.chars() {
        if line.len() + c.len_utf8() > LONGEST {
            line.push('…');
            break;
        }
        line.push(if c.is_control() { ' ' } else { c });
    }
    Cow::Owned(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_is_taken_as_it_is() {
        assert!(matches!(
            one_line("  pulling nginx "),
            Cow::Borrowed("pulling nginx")
        ));
    }

    #[test]
    fn line_breaks_become_spaces() {
        assert_eq!(one_line("no such image:\nweb\tx"), "no such image: web x");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let cut = one_line(&"ü".repeat(400)).into_owned();
        assert_eq!(cut, format!("{}…", "ü".repeat(250)));
    }
}
