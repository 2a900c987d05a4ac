//! What a path means, once it is known to be well typed.
//!
//! The rules are RFC 9535, 2.4.3: a function's result is compared or tested, as its type
//! says, and its arguments fit its parameters.

use jsonpath_rust::parser::model as read;
use regex::Regex;
use serde_json::Value;

use super::pattern;

#[derive(Debug)]
pub(super) enum Segment {
    Child(Vec<Selector>),
    Descendant(Vec<Selector>),
}

#[derive(Debug)]
pub(super) enum Selector {
    Name(String),
    Wildcard,
    Index(i64),
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Filter(Condition),
}

#[derive(Debug)]
pub(super) enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Not(Box<Condition>),
    Exists(Query),
    Compare(Comparison, Operand, Operand),
    Matches(Operand, Regex),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// From the node in hand (`@`) or from the document (`$`).
#[derive(Debug)]
pub(super) struct Query {
    pub(super) from_root: bool,
    pub(super) segments: Vec<Segment>,
}

/// Something with one value or none.
#[derive(Debug)]
pub(super) enum Operand {
    Literal(Value),
    /// A query that matches one node at most.
    Node(Query),
    Length(Box<Operand>),
    Count(Query),
    OnlyValue(Query),
}

/// Most segments of a path.
const SEGMENTS_MAX: usize = 64;

/// Most `..` of a path, filters included: each may visit a document once more.
const DESCENTS_MAX: usize = 2;

/// Most ways in which selector lists may multiply what they select.
const WAYS_MAX: usize = 64;

pub(super) fn segments(query: &[read::Segment]) -> Result<Vec<Segment>, String> {
    let mut check = Check { descents: 0, in_filter: false };
    let segments = check.segments(query)?;
    if check.descents > DESCENTS_MAX {
        return Err(format!("a path has at most {DESCENTS_MAX} \"..\""));
    }
    Ok(segments)
}

struct Check {
    descents: usize,
    in_filter: bool,
}

impl Check {
    fn segments(&mut self, query: &[read::Segment]) -> Result<Vec<Segment>, String> {
        if query.len() > SEGMENTS_MAX {
            return Err(format!("a path has at most {SEGMENTS_MAX} segments"));
        }
        let mut ways = 1usize;
        let mut segments = Vec::with_capacity(query.len());
        for segment in query {
            let segment = self.segment(segment)?;
            let (Segment::Child(selectors) | Segment::Descendant(selectors)) = &segment;
            ways = ways.saturating_mul(selectors.len().max(1));
            segments.push(segment);
        }
        match ways > WAYS_MAX {
            true => Err("a path lists too many selectors".to_owned()),
            false => Ok(segments),
        }
    }

    fn segment(&mut self, segment: &read::Segment) -> Result<Segment, String> {
        Ok(match segment {
            read::Segment::Selector(selector) => Segment::Child(vec![self.selector(selector)?]),
            read::Segment::Selectors(selectors) => Segment::Child(self.selectors(selectors)?),
            read::Segment::Descendant(inner) => {
                self.descents += 1;
                match self.segment(inner)? {
                    Segment::Child(selectors) => Segment::Descendant(selectors),
                    Segment::Descendant(_) => return Err("\"..\" follows \"..\"".to_owned()),
                }
            }
        })
    }

    fn selectors(&mut self, selectors: &[read::Selector]) -> Result<Vec<Selector>, String> {
        selectors.iter().map(|selector| self.selector(selector)).collect()
    }

    fn selector(&mut self, selector: &read::Selector) -> Result<Selector, String> {
        Ok(match selector {
            read::Selector::Name(name) => Selector::Name(name.clone()),
            read::Selector::Wildcard => Selector::Wildcard,
            read::Selector::Index(index) => Selector::Index(*index),
            read::Selector::Slice(start, end, step) => {
                Selector::Slice { start: *start, end: *end, step: step.unwrap_or(1) }
            }
            read::Selector::Filter(_) if self.in_filter => {
                return Err("a filter stands inside a filter; select in two steps".to_owned());
            }
            read::Selector::Filter(filter) => {
                self.in_filter = true;
                let condition = self.condition(filter);
                self.in_filter = false;
                Selector::Filter(condition?)
            }
        })
    }

    // === filters ===

    fn condition(&mut self, filter: &read::Filter) -> Result<Condition, String> {
        Ok(match filter {
            read::Filter::Or(parts) => Condition::Any(self.conditions(parts)?),
            read::Filter::And(parts) => Condition::All(self.conditions(parts)?),
            read::Filter::Atom(atom) => match atom {
                read::FilterAtom::Filter { expr, not } => negated(self.condition(expr)?, *not),
                read::FilterAtom::Test { expr, not } => negated(self.test(expr)?, *not),
                read::FilterAtom::Comparison(comparison) => self.comparison(comparison)?,
            },
        })
    }

    fn conditions(&mut self, parts: &[read::Filter]) -> Result<Vec<Condition>, String> {
        parts.iter().map(|part| self.condition(part)).collect()
    }

    fn test(&mut self, test: &read::Test) -> Result<Condition, String> {
        match test {
            read::Test::RelQuery(segments) => Ok(Condition::Exists(self.query(false, segments)?)),
            read::Test::AbsQuery(query) => {
                Ok(Condition::Exists(self.query(true, &query.segments)?))
            }
            read::Test::Function(function) => match &**function {
                read::TestFunction::Match(text, pattern) => self.matches(text, pattern, true),
                read::TestFunction::Search(text, pattern) => self.matches(text, pattern, false),
                other => Err(format!("{}() gives a value, which must be compared", name(other))),
            },
        }
    }

    fn comparison(&mut self, comparison: &read::Comparison) -> Result<Condition, String> {
        let kind = match comparison {
            read::Comparison::Eq(..) => Comparison::Equal,
            read::Comparison::Ne(..) => Comparison::NotEqual,
            read::Comparison::Lt(..) => Comparison::Less,
            read::Comparison::Lte(..) => Comparison::LessOrEqual,
            read::Comparison::Gt(..) => Comparison::Greater,
            read::Comparison::Gte(..) => Comparison::GreaterOrEqual,
        };
        let (left, right) = comparison.vals();
        Ok(Condition::Compare(kind, self.comparable(left)?, self.comparable(right)?))
    }

    fn comparable(&mut self, comparable: &read::Comparable) -> Result<Operand, String> {
        match comparable {
            read::Comparable::Literal(value) => Ok(Operand::Literal(literal(value))),
            read::Comparable::Function(function) => self.function(function),
            read::Comparable::SingularQuery(query) => Ok(Operand::Node(singular(query))),
        }
    }

    // === functions ===

    /// A function whose result is a value.
    fn function(&mut self, function: &read::TestFunction) -> Result<Operand, String> {
        match function {
            read::TestFunction::Length(text) => {
                Ok(Operand::Length(Box::new(self.value_argument("length", text)?)))
            }
            read::TestFunction::Count(nodes) => {
                Ok(Operand::Count(self.nodes_argument("count", nodes)?))
            }
            read::TestFunction::Value(nodes) => {
                Ok(Operand::OnlyValue(self.nodes_argument("value", nodes)?))
            }
            read::TestFunction::Custom(name, _) => Err(unknown(name)),
            other => Err(format!("{}() is true or false and is not compared", name(other))),
        }
    }

    fn matches(
        &mut self,
        text: &read::FnArg,
        pattern: &read::FnArg,
        whole: bool,
    ) -> Result<Condition, String> {
        let function = if whole { "match" } else { "search" };
        let text = self.value_argument(function, text)?;
        match pattern {
            read::FnArg::Literal(read::Literal::String(pattern)) => {
                Ok(Condition::Matches(text, pattern::compile(pattern, whole)?))
            }
            _ => Err(format!("the pattern of {function}() is quoted text, written out")),
        }
    }

    /// An argument with one value or none: a literal, a singular query or such a function.
    fn value_argument(&mut self, name: &str, argument: &read::FnArg) -> Result<Operand, String> {
        match argument {
            read::FnArg::Literal(value) => Ok(Operand::Literal(literal(value))),
            read::FnArg::Test(test) => match &**test {
                read::Test::Function(function) => self.function(function),
                read::Test::RelQuery(_) | read::Test::AbsQuery(_) => {
                    let query = self.nodes_argument(name, argument)?;
                    match is_singular(&query) {
                        true => Ok(Operand::Node(query)),
                        false => Err(format!(
                            "{name}() takes one value, and its argument may match several nodes"
                        )),
                    }
                }
            },
            read::FnArg::Filter(_) => Err(format!("{name}() takes a value, not a condition")),
        }
    }

    /// An argument that is a list of nodes: a query.
    fn nodes_argument(&mut self, name: &str, argument: &read::FnArg) -> Result<Query, String> {
        match argument {
            read::FnArg::Test(test) => match &**test {
                read::Test::RelQuery(segments) => self.query(false, segments),
                read::Test::AbsQuery(query) => self.query(true, &query.segments),
                read::Test::Function(_) => Err(format!("{name}() takes a query such as @.items")),
            },
            _ => Err(format!("{name}() takes a query such as @.items")),
        }
    }

    fn query(&mut self, from_root: bool, segments: &[read::Segment]) -> Result<Query, String> {
        let query = Query { from_root, segments: self.segments(segments)? };
        match from_root && !is_singular(&query) {
            // Otherwise the whole document would be searched again for each item.
            true => {
                Err("a \"$\" inside a filter names one node, without *, .. or [a, b]".to_owned())
            }
            false => Ok(query),
        }
    }
}

fn negated(condition: Condition, not: bool) -> Condition {
    if not { Condition::Not(Box::new(condition)) } else { condition }
}

fn is_singular(query: &Query) -> bool {
    query.segments.iter().all(|segment| {
        matches!(segment, Segment::Child(selectors)
            if matches!(selectors.as_slice(), [Selector::Name(_) | Selector::Index(_)]))
    })
}

fn singular(query: &read::SingularQuery) -> Query {
    let (from_root, segments) = match query {
        read::SingularQuery::Current(segments) => (false, segments),
        read::SingularQuery::Root(segments) => (true, segments),
    };
    let segments = segments.iter().map(|segment| match segment {
        read::SingularQuerySegment::Index(index) => Segment::Child(vec![Selector::Index(*index)]),
        read::SingularQuerySegment::Name(name) => {
            Segment::Child(vec![Selector::Name(name.clone())])
        }
    });
    Query { from_root, segments: segments.collect() }
}

fn literal(literal: &read::Literal) -> Value {
    match literal {
        read::Literal::Int(whole) => Value::from(*whole),
        read::Literal::Float(number) => Value::from(*number),
        read::Literal::String(text) => Value::from(text.clone()),
        read::Literal::Bool(value) => Value::from(*value),
        read::Literal::Null => Value::Null,
    }
}

fn name(function: &read::TestFunction) -> &str {
    match function {
        read::TestFunction::Custom(name, _) => name,
        read::TestFunction::Length(_) => "length",
        read::TestFunction::Value(_) => "value",
        read::TestFunction::Count(_) => "count",
        read::TestFunction::Search(..) => "search",
        read::TestFunction::Match(..) => "match",
    }
}

fn unknown(name: &str) -> String {
    format!("there is no function {name}(); RFC 9535 has length, count, value, match and search")
}
