//! `for_each`: the same steps for each item of a list.

use std::num::NonZeroU32;

use serde_json::Value;
use tenure_language::{Expression, ForeignExpression, Pointer, Problem, Template, did_you_mean};

use crate::plan::{Kind, Loop};
use crate::source::StepSource;

use super::Checker;
use super::outline::DEFAULT_BINDING;
use super::references::ROOTS;
use super::steps::lift;
use super::texts::is_one_hole;
use super::view::{Spot, View, index_name};

/// Most items of one loop in hand at the same time.
const CONCURRENCY_MAX: u32 = 64;

impl Checker<'_> {
    pub(super) fn for_each(
        &mut self,
        at: &Pointer,
        step: &StepSource,
        number: usize,
    ) -> Option<Kind> {
        let view = View::step(number);
        let items = self.items(&at.key("for_each"), step.for_each.as_ref()?, &view);
        let binding = self.binding(at, step, &view);
        let key = step
            .key
            .as_ref()
            .map(|value| self.item_key(&at.key("key"), value, &View::at(Spot::Item(number))));
        let concurrency = self.concurrency(&at.key("concurrency"), step.concurrency.as_ref());
        let items_may_fail = self.on_item_error(&at.key("on_item_error"), step);
        let steps = self.required_block(at, step.steps.as_ref(), "this loop");
        Some(Kind::ForEach(Box::new(Loop {
            items: items?,
            binding: binding?,
            key: lift(key)?,
            concurrency: concurrency?,
            items_may_fail: items_may_fail?,
            steps: steps?,
        })))
    }

    fn items(&mut self, at: &Pointer, value: &Value, view: &View) -> Option<Template> {
        let list = match value {
            Value::Array(_) => true,
            Value::String(text) => is_one_hole(text),
            _ => false,
        };
        if list {
            return self.template(at, value, view);
        }
        let problem = Problem::error("items", self.place(at), "`for_each` takes a list");
        if let Some(foreign) = value.as_str().and_then(ForeignExpression::find) {
            self.report(problem.hint(foreign.hint()));
            return None;
        }
        self.report(match value {
            Value::String(text) if !text.contains("${{") && !text.trim().is_empty() => {
                problem.hint(format!("write ${{{{ {} }}}}, or a list of values", text.trim()))
            }
            _ => problem.hint("write ${{ … }}, or a list of values"),
        });
        None
    }

    fn binding(&mut self, at: &Pointer, step: &StepSource, view: &View) -> Option<String> {
        let binding = step.binding.as_deref().unwrap_or(DEFAULT_BINDING);
        let at = at.key("as");
        let place = self.place(&at);
        if !self.name(place, "loop variable", binding) {
            return None;
        }
        let index = index_name(binding);
        let outer = view.bindings(&self.outline);
        let taken = |name: &str| ROOTS.contains(&name) || outer.iter().any(|known| known == name);
        if !taken(binding) && !taken(&index) {
            return Some(binding.to_owned());
        }
        let message = format!("loop variable \"{binding}\" hides another name");
        let problem = Problem::error("hidden-name", place, message);
        self.report(if ROOTS.contains(&binding) {
            problem.hint(format!("\"{binding}\" means something everywhere: choose another `as`"))
        } else {
            problem.hint("an outer loop has it already: choose another `as`")
        });
        None
    }

    /// Compiles the identity of an item, which is written as one expression.
    fn item_key(&mut self, at: &Pointer, value: &Value, view: &View) -> Option<Expression> {
        if value.as_str().is_some_and(is_one_hole) {
            return self.condition(at, value, view);
        }
        let problem = Problem::error("key", self.place(at), "the key of an item is one expression");
        self.report(problem.hint("write ${{ … }} over the loop variable"));
        None
    }

    fn concurrency(&mut self, at: &Pointer, value: Option<&Value>) -> Option<NonZeroU32> {
        let Some(value) = value else { return Some(NonZeroU32::MIN) };
        let number = value
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| *number <= CONCURRENCY_MAX)
            .and_then(NonZeroU32::new);
        if number.is_none() {
            let message =
                format!("`concurrency` of a loop is a number from 1 to {CONCURRENCY_MAX}");
            let place = self.place(at);
            self.report(Problem::error("concurrency", place, message));
        }
        number
    }

    fn on_item_error(&mut self, at: &Pointer, step: &StepSource) -> Option<bool> {
        match step.on_item_error.as_deref() {
            None | Some("fail") => Some(false),
            Some("continue") => Some(true),
            Some(word) => {
                let message = format!("\"{word}\" is not an answer to an item's failure");
                let problem = Problem::error("on-error", self.place(at), message);
                let meant = did_you_mean(word, ["fail", "continue"]);
                self.report(
                    problem.hint(meant.unwrap_or_else(|| "`fail` or `continue`".to_owned())),
                );
                None
            }
        }
    }
}
