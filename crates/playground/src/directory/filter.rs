//! `attribute eq value`, the filter that look-ups use.

use serde_json::Value;

/// One comparison; several can be joined by `and`.
#[derive(Debug, PartialEq)]
pub(super) struct Filter {
    comparisons: Vec<(Vec<String>, Value)>,
}

impl Filter {
    /// Reads `userName eq "ann" and active eq true`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text.trim();
        let mut comparisons = Vec::new();
        loop {
            let (path, after) = word(rest).ok_or("the filter ends too early")?;
            let (operator, after) = word(after).ok_or("the filter ends too early")?;
            if !operator.eq_ignore_ascii_case("eq") {
                return Err(format!("operator {operator:?} is not supported, only eq"));
            }
            let mut values = serde_json::Deserializer::from_str(after).into_iter::<Value>();
            let value = values.next().and_then(Result::ok);
            let value = value.filter(|value| !value.is_array() && !value.is_object());
            let value = value.ok_or("the value must be a quoted text, a number or a boolean")?;
            comparisons.push((path.split('.').map(str::to_owned).collect(), value));
            rest = after[values.byte_offset()..].trim_start();
            if rest.is_empty() {
                return Ok(Self { comparisons });
            }
            match word(rest) {
                Some((and, after)) if and.eq_ignore_ascii_case("and") => rest = after,
                _ => return Err("comparisons are joined by and".to_owned()),
            }
        }
    }

    /// Whether every comparison holds.
    pub(super) fn matches(&self, user: &Value) -> bool {
        self.comparisons.iter().all(|(path, wanted)| holds(user, path, wanted))
    }
}

fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find(' ').unwrap_or(text.len());
    (end > 0).then(|| (&text[..end], text[end..].trim_start()))
}

/// Attribute names and texts are compared without case, lists by any of their items.
fn holds(value: &Value, path: &[String], wanted: &Value) -> bool {
    if let Value::Array(items) = value {
        return items.iter().any(|item| holds(item, path, wanted));
    }
    let Some((name, rest)) = path.split_first() else {
        return match (value, wanted) {
            (Value::String(value), Value::String(wanted)) => {
                value.to_lowercase() == wanted.to_lowercase()
            }
            _ => value == wanted,
        };
    };
    let member = value.as_object().and_then(|members| {
        members.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    });
    member.is_some_and(|member| holds(member, rest, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn comparisons_find_users() {
        let user = json!({
            "userName": "Ann@acme.example", "active": true, "name": { "givenName": "Ann" },
            "emails": [{ "value": "a@x.example" }, { "value": "b@x.example" }],
        });
        let check = |text: &str, found: bool| {
            assert_eq!(Filter::parse(text).unwrap().matches(&user), found, "{text}");
        };
        check(r#"userName eq "ann@ACME.example""#, true);
        check(r#"username EQ "bo""#, false);
        check("active eq true", true);
        check("active eq false", false);
        check(r#"name.givenName eq "Ann""#, true);
        check(r#"emails.value eq "b@x.example""#, true);
        check(r#"userName eq "ann@acme.example" and active eq true"#, true);
        check(r#"userName eq "ann@acme.example" and active eq false"#, false);
        check(r#"title eq "Lead""#, false);
    }

    #[test]
    fn other_filters_are_refused() {
        let check = |text: &str, said: &str| {
            assert_eq!(Filter::parse(text).unwrap_err(), said, "{text}");
        };
        check("", "the filter ends too early");
        check("userName", "the filter ends too early");
        check(r#"userName sw "a""#, r#"operator "sw" is not supported, only eq"#);
        check("userName eq ann", "the value must be a quoted text, a number or a boolean");
        check(r#"userName eq "a" or active eq true"#, "comparisons are joined by and");
    }
}
