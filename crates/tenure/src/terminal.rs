//! What commands print, and whether anybody looks at it.

pub(crate) mod marks;
pub(crate) mod rows;
mod table;
mod times;

use std::io::{self, IsTerminal, Write};

pub(crate) use table::{Table, cut};
pub(crate) use times::{ago, clock_time, took};

/// The standard output of the program.
///
/// Text is written with its colours; they are taken out again unless a terminal shows them.
#[derive(Debug)]
pub(crate) struct Terminal {
    out: anstream::AutoStream<io::Stdout>,
    live: bool,
}

impl Terminal {
    /// The standard output.
    pub(crate) fn stdout() -> Self {
        Self { out: anstream::AutoStream::auto(io::stdout()), live: io::stdout().is_terminal() }
    }

    /// Whether a person looks at it now, so that lines may be drawn again.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// Columns of the terminal.
    pub(crate) fn width(&self) -> usize {
        terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0))
    }

    /// Prints one line.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        writeln!(self.out, "{}", text.as_ref())
    }

    /// Prints one line of columns; a person sees no more of it than fits.
    pub(crate) fn row(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        let text = text.as_ref();
        if self.live { self.line(cut(text, self.width())) } else { self.line(text) }
    }

    /// Prints text as it is.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        write!(self.out, "{text}")?;
        self.out.flush()
    }

    /// Prints a value as one line of JSON.
    pub(crate) fn json(&mut self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        self.line(serde_json::to_string(value)?)?;
        Ok(())
    }

    /// Prints a value as JSON that people can read.
    pub(crate) fn pretty_json(&mut self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        self.line(serde_json::to_string_pretty(value)?)?;
        Ok(())
    }
}

/// Whether the error stream is a terminal that shows colours.
pub(crate) fn stderr_has_colours() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// Whether the output stream is a terminal that shows colours.
pub(crate) fn stdout_has_colours() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}
