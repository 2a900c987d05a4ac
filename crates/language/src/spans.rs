//! The shape of a YAML text with the place of every key and value.
//!
//! Built from the events of one parser, so that a second one can be held against it.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

use crate::document::PROBLEMS_MAX;
use crate::place::{Lines, Place};
use crate::problem::Problem;

/// Deepest nesting of a document.
pub(crate) const DEPTH_MAX: usize = 64;

/// Most values a document may have once its aliases are written out.
const VALUES_MAX: usize = 200_000;

/// One value as it stands in the text.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) shape: Shape,
    pub(crate) tag: Option<String>,
}

/// What a value looks like before anyone decides what it means.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// The same value as at an anchor; its parts have no place of their own.
    Alias,
}

/// Reads the shape of a text, or says why it has none.
pub(crate) fn read(text: &str, lines: &Lines<'_>) -> Result<Option<Node>, Problem> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        text,
        lines,
        sizes: HashMap::new(),
        values: 0,
    };
    let mut root = None;
    while let Some((event, place)) = reader.next()? {
        match event {
            Event::StreamStart | Event::Nothing | Event::DocumentStart(_) | Event::DocumentEnd => {}
            Event::StreamEnd => break,
            _ if root.is_some() => {
                let message = "the file holds a second document after \"---\"";
                return Err(Problem::error("second-document", place, message)
                    .hint("put each document into a file of its own"));
            }
            event => root = Some(reader.node(event, place, 0)?),
        }
    }
    Ok(root)
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    text: &'t str,
    lines: &'t Lines<'t>,
    /// How many values each anchor stands for.
    sizes: HashMap<usize, usize>,
    values: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Option<(Event<'t>, Place)>, Problem> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok((event, span))) => Ok(Some((event, self.place(span)))),
            Some(Err(error)) => {
                let at = self.lines.byte_of_character(error.marker().index());
                Err(syntax_problem(self.text, self.lines, at, error.info()))
            }
        }
    }

    fn place(&self, span: Span) -> Place {
        let start = self.lines.byte_of_character(span.start.index());
        let end = self.lines.byte_of_character(span.end.index());
        self.lines.place(start, end)
    }

    fn node(&mut self, event: Event<'t>, place: Place, depth: usize) -> Result<Node, Problem> {
        if depth > DEPTH_MAX {
            let message = format!("the file is nested more than {DEPTH_MAX} deep");
            return Err(Problem::error("too-deep", place, message));
        }
        let before = self.values;
        self.count(1, place)?;
        let (shape, tag, anchor, end) = match event {
            Event::Alias(anchor) => {
                self.count(self.sizes.get(&anchor).copied().unwrap_or(0), place)?;
                (Shape::Alias, None, 0, place.end)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let shape = Shape::Scalar { text: text.into_owned(), plain };
                (shape, tag, anchor, place.end)
            }
            Event::SequenceStart(anchor, tag) => {
                let (items, end) = self.items(place, depth)?;
                (Shape::List(items), tag, anchor, end)
            }
            Event::MappingStart(anchor, tag) => {
                let (members, end) = self.members(place, depth)?;
                (Shape::Map(members), tag, anchor, end)
            }
            _ => return Err(Problem::error("syntax", place, "a value is expected here")),
        };
        if anchor != 0 {
            self.sizes.insert(anchor, self.values - before);
        }
        // A block ends where its last value ends, not on the line on which that is noticed.
        let place = self.trimmed(place, end);
        Ok(Node { place, shape, tag: tag.map(|tag| tag.to_string()) })
    }

    fn items(&mut self, place: Place, depth: usize) -> Result<(Vec<Node>, usize), Problem> {
        let mut items = Vec::new();
        loop {
            match self.expect_next(place)? {
                (Event::SequenceEnd, at) => return Ok((items, at.end)),
                (event, at) => items.push(self.node(event, at, depth + 1)?),
            }
        }
    }

    fn members(
        &mut self,
        place: Place,
        depth: usize,
    ) -> Result<(Vec<(Node, Node)>, usize), Problem> {
        let mut members = Vec::new();
        loop {
            let key = match self.expect_next(place)? {
                (Event::MappingEnd, at) => return Ok((members, at.end)),
                (event, at) => self.node(event, at, depth + 1)?,
            };
            let (event, at) = self.expect_next(place)?;
            let value = self.node(event, at, depth + 1)?;
            members.push((key, value));
        }
    }

    fn expect_next(&mut self, place: Place) -> Result<(Event<'t>, Place), Problem> {
        self.next()?.ok_or_else(|| Problem::error("syntax", place, "the text ends too early"))
    }

    fn count(&mut self, more: usize, place: Place) -> Result<(), Problem> {
        self.values = self.values.saturating_add(more);
        if self.values <= VALUES_MAX {
            return Ok(());
        }
        let message = format!("the file stands for more than {VALUES_MAX} values");
        Err(Problem::error("too-large", place, message)
            .hint("an alias inside an aliased value multiplies it; write the values out"))
    }

    fn trimmed(&self, place: Place, end: usize) -> Place {
        let end = end.max(place.end).min(self.text.len());
        let stretch = self.text.get(place.start..end).unwrap_or("");
        self.lines.place(place.start, place.start + stretch.trim_end().len())
    }
}

/// Every key that stands in its map already.
pub(crate) fn duplicate_keys(node: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        match &node.shape {
            Shape::List(items) => open.extend(items),
            Shape::Map(members) => {
                let mut seen: HashMap<&str, usize> = HashMap::new();
                for (key, value) in members {
                    open.push(value);
                    let Shape::Scalar { text, .. } = &key.shape else { continue };
                    match seen.get(text.as_str()) {
                        None => {
                            seen.insert(text, key.place.line);
                        }
                        Some(line) if problems.len() < PROBLEMS_MAX => problems.push(
                            Problem::error(
                                "duplicate-key",
                                key.place,
                                format!("the key \"{text}\" comes twice"),
                            )
                            .hint(format!("it stands in line {line} already")),
                        ),
                        Some(_) => {}
                    }
                }
            }
            Shape::Scalar { .. } | Shape::Alias => {}
        }
    }
    problems
}

/// Says what is wrong with a key that is not text.
pub(crate) fn key_problem(text: &str, map: Place, key: &Node) -> Problem {
    let raw = text.get(map.start..map.end).unwrap_or("").lines().next().unwrap_or("");
    if !(matches!(key.shape, Shape::Map(_)) && raw.starts_with("{{")) {
        let message = "a key is a list, a map or an alias";
        return Problem::error("key", key.place, message).hint("a key is text");
    }
    let inner = raw.trim_start_matches('{').trim_end_matches('}').trim();
    let meant = if inner.is_empty() || inner.contains(['{', '}', '"']) { "…" } else { inner };
    Problem::error("syntax", map, "\"{{\" begins a map here, not an expression")
        .hint(format!("write \"${{{{ {meant} }}}}\", with its quotes"))
}

/// Whether a line holds `{{` that is no hole of ours.
fn has_bare_braces(line: &str) -> bool {
    line.match_indices("{{").any(|(at, _)| !line[..at].ends_with(['$', '{', '"', '\'']))
}

/// Whether a line opens a map or list, and a comment takes away its end.
fn is_cut_short(line: &str) -> bool {
    let Some((before, after)) = line.split_once(" #") else { return false };
    let more =
        |open: char, close: char| before.matches(open).count() > before.matches(close).count();
    after.starts_with(|c: char| c.is_alphanumeric()) && (more('{', '}') || more('[', ']'))
}

/// Says what the parser stumbled over, in words that help.
pub(crate) fn syntax_problem(text: &str, lines: &Lines<'_>, at: usize, info: &str) -> Problem {
    let at = text.floor_char_boundary(at);
    let first = text[..at].rfind('\n').map_or(0, |found| found + 1);
    let last = text[at..].find('\n').map_or(text.len(), |found| at + found);
    let line = text[first..last].trim_start();
    let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
    let mut message = info.trim().trim_end_matches('.').to_owned();
    if let Some(head) = message.get_mut(..1) {
        head.make_ascii_lowercase();
    }
    let problem = Problem::error("syntax", lines.place(at, end), message);
    let before = &text[..at];
    if line.starts_with('\t') || text[first..last].trim_start_matches(' ').starts_with('\t') {
        problem.hint("indent with spaces; YAML does not allow tabs")
    } else if is_cut_short(line) || before.trim_end().lines().last().is_some_and(is_cut_short) {
        problem.hint("\" #\" begins a comment: put quotes around a value that begins with #")
    } else if has_bare_braces(line) {
        problem.hint("an expression is written \"${{ … }}\", with its quotes: a brace begins a map")
    } else if line.contains("${{") || before.lines().last().is_some_and(|l| l.contains("${{")) {
        problem.hint(
            "put double quotes around a value with ${{ }} inside [ ] or { }, or with \": \" or \" #\" in it",
        )
    } else if info.contains("mapping values are not allowed") {
        problem.hint("put quotes around a value that contains \": \"")
    } else if line.contains('@') || line.contains('`') || line.contains('%') {
        problem.hint("put quotes around a value that begins with @, ` or %")
    } else {
        problem
    }
}
