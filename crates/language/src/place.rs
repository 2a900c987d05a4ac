//! Where something stands in a text.

/// A stretch of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// First byte.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
    /// Line of the first byte, from 1.
    pub line: usize,
    /// Column of the first byte in characters, from 1.
    pub column: usize,
}

/// Turns byte and character offsets of one text into places.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// Byte offset of each character; empty while the text is ASCII and both are the same.
    characters: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        let characters = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(at, _)| at).collect()
        };
        Self { text, starts, characters }
    }

    /// Byte offset of the character with this number.
    pub(crate) fn byte_of_character(&self, number: usize) -> usize {
        if self.characters.is_empty() {
            return number.min(self.text.len());
        }
        self.characters.get(number).copied().unwrap_or(self.text.len())
    }

    /// The place of a byte range; ends are moved to character borders inside the text.
    pub(crate) fn place(&self, start: usize, end: usize) -> Place {
        let start = self.text.floor_char_boundary(start);
        let end = self.text.floor_char_boundary(end).max(start);
        let line = self.starts.partition_point(|first| *first <= start).max(1);
        let first = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(first..start).map_or(0, |lead| lead.chars().count()) + 1;
        Place { start, end, line, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_from_one_and_columns_in_characters() {
        let lines = Lines::new("ab\nüx: 1\n");
        assert_eq!(lines.place(0, 2), Place { start: 0, end: 2, line: 1, column: 1 });
        assert_eq!(lines.place(5, 6), Place { start: 5, end: 6, line: 2, column: 2 });
        assert_eq!(lines.byte_of_character(4), 5);
    }

    #[test]
    fn moves_ends_into_the_text() {
        let lines = Lines::new("ü");
        assert_eq!(lines.place(1, 99), Place { start: 0, end: 2, line: 1, column: 1 });
        assert_eq!(lines.byte_of_character(7), 2);
    }
}
