//! A stream of bytes, cut into lines.

/// A line longer than this is cut: what a container writes has no bound.
const LONGEST: usize = 1024 * 1024;

/// What is left of a stream after its last whole line.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// The lines that are whole with these bytes, without their ends.
    pub fn whole(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.rest.len() >= LONGEST {
                lines.extend(self.last());
            }
        }
        lines
    }

    /// The last line, when the stream did not end with the end of one.
    pub fn last(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.rest);
        let text = String::from_utf8_lossy(&line);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        (!line.is_empty()).then(|| text.strip_suffix('\r').unwrap_or(text).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_however_they_arrive() {
        let mut lines = Lines::default();
        assert_eq!(lines.whole(b"a\n\nb"), ["a", ""]);
        assert_eq!(lines.whole(b"c\r\nd"), ["bc"]);
        assert_eq!(lines.last().as_deref(), Some("d"));
        assert_eq!(lines.last(), None);
    }

    #[test]
    fn a_line_without_end_is_cut_and_not_kept_for_ever() {
        let mut lines = Lines::default();
        let found = lines.whole(&vec![b'x'; LONGEST]);
        assert_eq!(found.len(), 1);
        assert_eq!(lines.last(), None);
    }
}
