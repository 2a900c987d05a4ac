//! Names that people give: of workflows, steps, branches, variables and outputs.

use tenure_language::{Place, Problem, is_id};

use super::Checker;

impl Checker<'_> {
    /// Reports a name that is not one.
    pub(super) fn name(&mut self, place: Place, what: &str, name: &str) -> bool {
        if is_id(name) {
            return true;
        }
        let shown: String = name.chars().take(80).collect();
        let problem =
            Problem::error("bad-id", place, format!("{what} \"{shown}\" is not a valid id"));
        let better = corrected(name);
        self.report(if is_id(&better) {
            problem.hint(format!("write \"{better}\": ids are lower case letters, digits and _"))
        } else {
            problem.hint(
                "ids begin with a letter; then come lower case letters, digits and _, 64 at most",
            )
        });
        false
    }
}

/// The nearest id.
pub(super) fn corrected(name: &str) -> String {
    let mut id = String::new();
    let mut before = None::<char>;
    for c in name.trim().chars() {
        if c.is_ascii_uppercase() && before.is_some_and(|b| b.is_ascii_lowercase()) {
            id.push('_');
        }
        id.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
        before = Some(c);
    }
    id.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::corrected;

    #[test]
    fn ids_are_corrected_to_the_nearest() {
        for (written, better) in [
            ("create-account", "create_account"),
            ("createAccount", "create_account"),
            ("Create Account", "create_account"),
            ("HR", "hr"),
            ("", ""),
        ] {
            assert_eq!(corrected(written), better, "{written}");
        }
    }
}
