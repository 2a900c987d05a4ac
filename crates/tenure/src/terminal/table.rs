//! Columns that line up.

use super::marks::BOLD;

/// Rows of text under a heading, each column as wide as its widest cell.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        let headings = headings.iter().map(|text| format!("{BOLD}{text}{BOLD:#}")).collect();
        Self { rows: vec![headings] }
    }

    /// Adds a row; cells may hold colours.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// The lines, without blanks at their ends.
    pub(crate) fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| width(cell)).max().unwrap_or(0)
            })
            .collect();
        self.rows.iter().map(|row| line(row, &widths)).collect()
    }
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (at, (cell, column)) in row.iter().zip(widths).enumerate() {
        text.push_str(cell);
        if at + 1 < row.len() {
            text.extend(std::iter::repeat_n(' ', column - width(cell) + 2));
        }
    }
    text.trim_end().to_owned()
}

/// Columns that a text takes, its colours left out.
pub(crate) fn width(text: &str) -> usize {
    anstream::adapter::strip_str(text).to_string().chars().count()
}

/// The beginning of a line that fits into so many columns; its colours are kept and ended.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let (mut taken, mut escape) = (0, false);
    for character in text.chars() {
        if escape {
            escape = character != 'm';
        } else if character == '\x1b' {
            escape = true;
        } else if taken + 1 >= columns {
            break;
        } else {
            taken += 1;
        }
        kept.push(character);
    }
    let end = if kept.contains('\x1b') { "\x1b[0m" } else { "" };
    format!("{kept}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_by_columns_not_by_bytes() {
        let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
        assert_eq!(cut("grün", 4), "grün");
        assert_eq!(plain(&cut("größer", 4)), "grö…");
        let coloured = format!("{BOLD}abcdef{BOLD:#}gh");
        assert_eq!(plain(&cut(&coloured, 5)), "abcd…");
        assert_eq!(cut(&coloured, 8), coloured);
    }

    #[test]
    fn columns_line_up_whatever_their_colours() {
        let mut table = Table::new(["NAME", "STATUS"]);
        table.row([format!("{BOLD}a{BOLD:#}"), "ok".into()]);
        table.row(["longer name".into(), "failed".into()]);
        let plain = anstream::adapter::strip_str(&table.lines().join("\n")).to_string();
        insta::assert_snapshot!(plain, @r"
        NAME         STATUS
        a            ok
        longer name  failed
        ");
    }
}
