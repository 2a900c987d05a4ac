//! What would be sent as it stands, or cannot become text, although it was meant to.

use tenure_language::{ForeignExpression, Pointer, Problem, Text};

use super::Checker;
use super::kinds::Word;
use super::texts::is_one_hole;
use super::view::View;

impl Checker<'_> {
    /// Warns of an expression that is written as another tool has it.
    pub(super) fn foreign(&mut self, at: &Pointer, text: &str) {
        let Some(found) = ForeignExpression::find(text) else { return };
        let place = self.document.place_in(at, found.start, found.end);
        let message = "this is plain text here and is never evaluated";
        self.report(Problem::warning("foreign-expression", place, message).hint(found.hint()));
    }

    /// Reports holes in a longer text that hold a map or a list, which no text can take.
    pub(super) fn printed_in(&mut self, at: &Pointer, text: &str, view: &View) {
        if !is_one_hole(text)
            && let Ok(text) = Text::compile(text)
        {
            self.printed(at, &text, view);
        }
    }

    /// Reports holes that hold a map or a list.
    pub(super) fn printed(&mut self, at: &Pointer, text: &Text, view: &View) {
        for reference in text.printed() {
            let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
            let Some((what, hint)) = self.no_text(&path, view) else { continue };
            let name = path.join(".");
            let place = self.name_place(at, &name);
            let message = format!("\"{name}\" is {what}, which cannot stand in text");
            self.report(Problem::error("not-text", place, message).hint(hint));
        }
    }

    /// What a reference stands for, if that is certain and no text, and what to write instead.
    fn no_text(&self, path: &[&str], view: &View) -> Option<(&'static str, String)> {
        let bound = path
            .first()
            .is_none_or(|root| view.bindings(&self.outline).iter().any(|binding| binding == root));
        if bound || !self.is_seen(path, view) {
            return None;
        }
        let name = path.join(".");
        let member = |member: &str| Some(("a map", format!("write `{name}.{member}`")));
        match path {
            ["event"] | ["event", "data"] => {
                Some(("a map", "name what is meant, such as `event.data.user.email`".to_owned()))
            }
            ["input" | "vars" | "response"] | ["response", "headers"] => member("<name>"),
            ["run"] => member("id"),
            ["error"] | ["steps", _, "error"] => member("message"),
            ["steps", _] => member("output.<name>"),
            ["steps", _, "output"] | ["steps", _, "response", "headers"] => member("<name>"),
            ["steps", _, "response"] => member("status"),
            ["steps", id, "output", "items"] => {
                let step = self.outline.by_id(id).and_then(|step| self.outline.steps.get(step));
                step.filter(|step| step.word == Word::ForEach).map(|_| {
                    ("a list", format!("write `{name} | map(attribute=\"key\") | join(\", \")`"))
                })
            }
            _ => None,
        }
    }
}
