//! Names: which are allowed, and which was probably meant.

/// Longest id.
const ID_MAX: usize = 64;

/// Longest word for which a likeness is looked for.
const WORD_MAX: usize = 128;

/// Whether a text is an id: `[a-z][a-z0-9_]*`, at most 64 long.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.len() <= ID_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Hint text that names the known word most like this one.
///
/// Silent when nothing is near: a wild guess is worse than none.
#[must_use]
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if word.len() > WORD_MAX {
        return None;
    }
    let lower = word.to_lowercase();
    let near = |name: &str| -> Option<usize> {
        let other = name.to_lowercase();
        let same_words = same_letters(&lower, &other);
        let distance = if same_words { 0 } else { strsim::osa_distance(&lower, &other) };
        let begins = lower.len() >= 3 && (other.starts_with(&lower) || lower.starts_with(&other));
        let allowed = (word.chars().count().max(name.chars().count()) / 3).max(1);
        let shared = distance < name.chars().count();
        ((distance <= allowed && shared) || begins).then_some(distance)
    };
    let best = known
        .into_iter()
        .filter(|name| *name != word && !name.is_empty())
        .filter_map(|name| near(name).map(|distance| (distance, name)))
        .min_by_key(|(distance, _)| *distance)?;
    Some(format!("did you mean \"{}\"?", best.1))
}

/// Whether two words differ in separators only, as `createAccount` and `create_account` do.
fn same_letters(one: &str, other: &str) -> bool {
    let letters = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect() };
    letters(one) == letters(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_ids() {
        for (text, expected) in [
            ("a", true),
            ("create_account2", true),
            ("", false),
            ("2fa", false),
            ("_a", false),
            ("Create", false),
            ("create-account", false),
            ("ü", false),
        ] {
            assert_eq!(is_id(text), expected, "{text}");
        }
        assert!(is_id(&"a".repeat(64)));
        assert!(!is_id(&"a".repeat(65)));
    }

    #[test]
    fn suggests_only_what_is_near() {
        let known = ["call", "create_account", "concurrency", "if", "parallel"];
        for (word, expected) in [
            ("cal", Some("call")),
            ("create-acount", Some("create_account")),
            ("createAccount", Some("create_account")),
            ("paralel", Some("parallel")),
            ("concurency", Some("concurrency")),
            ("xyz", None),
            ("q", None),
        ] {
            let expected = expected.map(|name| format!("did you mean \"{name}\"?"));
            assert_eq!(did_you_mean(word, known), expected, "{word}");
        }
    }
}
