//! Text as every database takes it.
//!
//! PostgreSQL refuses U+0000 in text. Some of what is stored comes from outside (what an engine
//! says about a container, a host name), and one such character must not make a commit fail for
//! ever. It is written as `␀0`, and so that it can be read back exactly, `␀` itself as `␀␀`.
//! Everything else is stored as it is. JSON needs none of this: it escapes U+0000 by itself.

const MARK: char = '\u{2400}';

/// As it is stored.
pub fn pack(text: &str) -> String {
    if !text.contains(['\0', MARK]) {
        return text.to_owned();
    }
    let mut packed = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\0' => packed.extend([MARK, '0']),
            MARK => packed.extend([MARK, MARK]),
            c => packed.push(c),
        }
    }
    packed
}

/// As it was before [`pack`].
pub fn unpack(packed: String) -> String {
    if !packed.contains(MARK) {
        return packed;
    }
    let mut text = String::with_capacity(packed.len());
    let mut chars = packed.chars();
    while let Some(c) = chars.next() {
        match c {
            MARK => text.extend(chars.next().map(|c| if c == '0' { '\0' } else { c })),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_text_is_stored_as_it_is() {
        assert_eq!(
            pack("exec: \"/run\\0\": größe 🦀"),
            "exec: \"/run\\0\": größe 🦀"
        );
    }

    #[test]
    fn a_zero_character_is_stored_as_two_others() {
        assert_eq!(pack("a\0b"), "a␀0b");
    }

    proptest! {
        #[test]
        fn any_text_comes_back_without_a_zero_in_between(text in "[\0a0␀é]{0,12}") {
            let packed = pack(&text);
            prop_assert!(!packed.contains('\0'));
            prop_assert_eq!(unpack(packed), text);
        }
    }
}
