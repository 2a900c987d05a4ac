//! Which statuses of an answer are as expected.

use std::fmt;

use serde_json::Value;

/// Statuses from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRange {
    /// First.
    pub from: u16,
    /// Last.
    pub to: u16,
}

/// Statuses that count as success; any 2xx unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect(Vec<StatusRange>);

/// Most entries of one list.
const ENTRIES_MAX: usize = 64;

const ACCEPTED: &str = "write statuses from 100 to 599, such as 201, \"2xx\" or \"200..299\"";

impl Expect {
    /// Whether a status is as expected.
    #[must_use]
    pub fn accepts(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.from <= status && status <= range.to)
    }

    /// In the order they were written.
    #[must_use]
    pub fn ranges(&self) -> &[StatusRange] {
        &self.0
    }

    /// Reads one entry or a list: `201`, `"2xx"`, `"200..299"`, `[201, 409]`.
    ///
    /// # Errors
    /// Says which entry is wrong and what is accepted.
    pub fn read(value: &Value) -> Result<Self, String> {
        let ranges = match value {
            Value::Array(entries) if entries.is_empty() => {
                return Err(format!("the list is empty; {ACCEPTED}"));
            }
            Value::Array(entries) if entries.len() > ENTRIES_MAX => {
                return Err(format!("the list has more than {ENTRIES_MAX} entries"));
            }
            Value::Array(entries) => entries.iter().map(read_entry).collect::<Result<_, _>>()?,
            entry => vec![read_entry(entry)?],
        };
        Ok(Self(ranges))
    }
}

impl Default for Expect {
    fn default() -> Self {
        Self(vec![StatusRange { from: 200, to: 299 }])
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, range) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            match (range.from, range.to) {
                (from, to) if from == to => write!(f, "{from}")?,
                (from, to) if from % 100 == 0 && to == from + 99 => write!(f, "{}xx", from / 100)?,
                (from, to) => write!(f, "{from}..{to}")?,
            }
        }
        Ok(())
    }
}

fn read_entry(entry: &Value) -> Result<StatusRange, String> {
    match entry {
        Value::Number(number) => number
            .as_u64()
            .and_then(|status| u16::try_from(status).ok())
            .and_then(|status| range(status, status))
            .ok_or_else(|| format!("{number} is not a status; {ACCEPTED}")),
        Value::String(text) => read_text(text).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            format!("{shown:?} is not a status; {ACCEPTED}")
        }),
        _ => Err(format!("an entry is neither a number nor text; {ACCEPTED}")),
    }
}

fn read_text(text: &str) -> Option<StatusRange> {
    let text = text.trim();
    if let Some(class) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
        let class: u16 = class.parse().ok().filter(|class| (1..=5).contains(class))?;
        return range(class * 100, class * 100 + 99);
    }
    let number = |part: &str| -> Option<u16> {
        (part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok())?
    };
    match text.split_once("..").or_else(|| text.split_once('-')) {
        Some((from, to)) => range(number(from.trim())?, number(to.trim())?),
        None => number(text).and_then(|status| range(status, status)),
    }
}

fn range(from: u16, to: u16) -> Option<StatusRange> {
    (from <= to && from >= 100 && to <= 599).then_some(StatusRange { from, to })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn accepts_what_was_written() {
        for (written, accepted, refused) in [
            (json!(201), 201, 200),
            (json!("2xx"), 299, 300),
            (json!("200..204"), 204, 205),
            (json!("200-204"), 200, 199),
            (json!([201, "4xx"]), 409, 500),
            (json!("404"), 404, 405),
        ] {
            let expect = Expect::read(&written).unwrap();
            assert!(expect.accepts(accepted), "{written} {accepted}");
            assert!(!expect.accepts(refused), "{written} {refused}");
        }
        assert!(Expect::default().accepts(204));
        assert!(!Expect::default().accepts(302));
    }

    #[test]
    fn prints_as_people_write_it() {
        let expect = Expect::read(&json!([201, "2xx", "400..404"])).unwrap();
        assert_eq!(expect.to_string(), "201, 2xx, 400..404");
    }

    #[test]
    fn refuses_what_is_no_status() {
        for written in [
            json!(99),
            json!(600),
            json!(2.5),
            json!(-1),
            json!([]),
            json!("6xx"),
            json!("299..200"),
            json!("ok"),
            json!(null),
            json!({"a": 1}),
            json!([200, [201]]),
            json!("+20"),
        ] {
            assert!(Expect::read(&written).is_err(), "{written}");
        }
    }
}
