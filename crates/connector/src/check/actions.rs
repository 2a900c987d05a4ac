//! Named requests: what they want to be given, and what they send.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tenure_language::{
    BodyTemplate, Expect, Pointer, Problem, Reference, RequestLine, RequestTemplate, Template,
    Text, did_you_mean, is_id,
};

use super::Checker;
use super::familiar::schema_properties;
use super::headers::HEADERS_MAX;
use crate::action::{Action, Input, InputKind};
use crate::connector::Auth;
use crate::source::{ActionSource, InputSource};

/// Most actions of a connector, and most inputs or fields of an action.
const ENTRIES_MAX: usize = 500;

type Inputs = BTreeMap<String, Input>;

impl Checker<'_> {
    pub(super) fn actions(
        &mut self,
        at: &Pointer,
        source: Option<&BTreeMap<String, ActionSource>>,
        auth: Option<&Auth>,
    ) -> Option<BTreeMap<String, Action>> {
        let Some(source) = source else { return Some(BTreeMap::new()) };
        self.bounded(at, source.len())?;
        let mut actions = BTreeMap::new();
        for (name, action) in source {
            let at = at.key(name);
            self.id(&at, name, "an action's name");
            if let Some(action) = self.action(&at, action, auth) {
                actions.insert(name.clone(), action);
            }
        }
        (actions.len() == source.len()).then_some(actions)
    }

    fn action(
        &mut self,
        at: &Pointer,
        source: &ActionSource,
        auth: Option<&Auth>,
    ) -> Option<Action> {
        let at_input = at.key("input");
        let properties = schema_properties(at_input.find(self.document.value()));
        let input = match &properties {
            Some(properties) => self.schema(&at_input, properties),
            None => self.inputs(&at_input, source.input.as_ref()),
        };
        // With an input that cannot be read the names are known all the same.
        let known = input.clone().unwrap_or_else(|| names(source, properties.as_deref()));
        let line = self.line(&at.key("request"), source.request.as_deref(), &known);
        let query = self.fields(&at.key("query"), source.query.as_ref(), &known);
        let headers =
            self.action_headers(&at.key("headers"), source.headers.as_ref(), &known, auth);
        let body = self.body(at, source, &known);
        let expect = self.expect(&at.key("expect"), source.expect.as_ref());
        let line = line?;
        Some(Action {
            description: source.description.clone(),
            input: input?,
            request: RequestTemplate {
                method: line.method,
                path: line.path,
                query: query?,
                headers: headers?,
                body: body?,
            },
            expect: expect?,
        })
    }

    fn inputs(
        &mut self,
        at: &Pointer,
        source: Option<&BTreeMap<String, InputSource>>,
    ) -> Option<Inputs> {
        let Some(source) = source else { return Some(Inputs::new()) };
        self.bounded(at, source.len())?;
        let mut inputs = Inputs::new();
        for (name, input) in source {
            let at = at.key(name);
            self.id(&at, name, "an input's name");
            if let Some(input) = self.input(&at, input) {
                inputs.insert(name.clone(), input);
            }
        }
        (inputs.len() == source.len()).then_some(inputs)
    }

    /// Reports a JSON Schema where inputs are listed by name, in place of all that follows
    /// from reading it as such a list.
    fn schema(&mut self, at: &Pointer, properties: &[(String, String)]) -> Option<Inputs> {
        const SHOWN: usize = 4;
        let whole = self.place(at);
        let inside = |problem: &Problem| {
            problem.place.start >= whole.start && problem.place.end <= whole.end
        };
        self.problems.retain(|problem| !inside(problem));
        let shown = properties.iter().filter(|(name, _)| is_id(name)).take(SHOWN);
        let mut shown: Vec<String> =
            shown.map(|(name, described)| format!("{name}: {described}")).collect();
        if shown.is_empty() {
            shown.push("channel: { type: string, required: true }".to_owned());
        } else if shown.len() < properties.len() {
            shown.push("…".to_owned());
        }
        let message = "inputs of an action are listed by name, without a JSON Schema around them";
        let problem = Problem::error("input", self.key_place(at), message);
        self.report(problem.hint(format!("write `input: {{ {} }}`", shown.join(", "))));
        None
    }

    fn input(&mut self, at: &Pointer, source: &InputSource) -> Option<Input> {
        let word = source.kind.as_deref().unwrap_or("any");
        let Some(kind) = InputKind::ALL.into_iter().find(|kind| kind.word() == word) else {
            let words = InputKind::ALL.map(InputKind::word);
            let hint = did_you_mean(word, words)
                .unwrap_or_else(|| format!("known here: {}", words.join(", ")));
            self.error("input", &at.key("type"), "this is not a type", &hint);
            return None;
        };
        let required = source.required.unwrap_or(false);
        let default = source.default.clone();
        if let Some(value) = &default {
            let at = at.key("default");
            if required {
                let hint = "leave `required` or `default` out";
                self.error("input", &at, "a required input has no default", hint);
                return None;
            }
            if !kind.fits(value) {
                let message = format!("the default is not of type {}", kind.word());
                self.report(Problem::error("input", self.place(&at), message));
                return None;
            }
        }
        Some(Input { kind, required, default, description: source.description.clone() })
    }

    fn line(&mut self, at: &Pointer, text: Option<&str>, input: &Inputs) -> Option<RequestLine> {
        let Some(text) = text else {
            self.missing(at, "request", "such as POST /messages");
            return None;
        };
        match RequestLine::compile(text) {
            Ok(line) => {
                self.foreign(at, &Value::from(text));
                self.references(at, line.path.references(), input)?;
                Some(line)
            }
            Err(error) => {
                let problem = self.document.compile_problem("request", at, &error);
                self.report(problem);
                None
            }
        }
    }

    fn fields(
        &mut self,
        at: &Pointer,
        source: Option<&Map<String, Value>>,
        input: &Inputs,
    ) -> Option<Vec<(String, Template)>> {
        let Some(source) = source else { return Some(Vec::new()) };
        self.bounded(at, source.len())?;
        let fields: Vec<(String, Template)> = source
            .iter()
            .filter_map(|(name, value)| {
                let template = self.template(&at.key(name), value, input)?;
                Some((name.clone(), template))
            })
            .collect();
        (fields.len() == source.len()).then_some(fields)
    }

    fn action_headers(
        &mut self,
        at: &Pointer,
        source: Option<&Map<String, Value>>,
        input: &Inputs,
        auth: Option<&Auth>,
    ) -> Option<Vec<(String, Text)>> {
        let Some(source) = source else { return Some(Vec::new()) };
        if source.len() > HEADERS_MAX {
            let message = format!("an action has at most {HEADERS_MAX} headers");
            self.error("too-many-fields", at, &message, "leave some out");
            return None;
        }
        let mut headers = Vec::with_capacity(source.len());
        for (name, value) in source {
            let at = at.key(name);
            let named = self.header_name(&at, name, auth);
            let text = match value {
                Value::String(text) => self.text(&at, text, input),
                Value::Number(number) if !number.is_f64() => {
                    self.text(&at, &number.to_string(), input)
                }
                _ => {
                    self.error("header", &at, "a header's value is text", "write it in quotes");
                    None
                }
            };
            if let (Some(_), Some(text)) = (named, text) {
                headers.push((name.clone(), text));
            }
        }
        (headers.len() == source.len()).then_some(headers)
    }

    fn body(
        &mut self,
        at: &Pointer,
        source: &ActionSource,
        input: &Inputs,
    ) -> Option<BodyTemplate> {
        let json = source
            .body
            .as_ref()
            .map(|body| self.template(&at.key("body"), body, input).map(BodyTemplate::Json));
        let form = source
            .form
            .as_ref()
            .map(|form| self.fields(&at.key("form"), Some(form), input).map(BodyTemplate::Form));
        let text = source
            .text
            .as_ref()
            .map(|text| self.text(&at.key("text"), text, input).map(BodyTemplate::Text));
        let written = [("body", &json), ("form", &form), ("text", &text)];
        let mut written = written.iter().filter(|(_, body)| body.is_some());
        if let (Some((first, _)), Some((second, _))) = (written.next(), written.next()) {
            let place = self.key_place(&at.key(*second));
            let message = format!("a request has one body; `{first}` is written already");
            self.report(
                Problem::error("many-bodies", place, message).hint("leave one of them out"),
            );
            return None;
        }
        json.or(form).or(text).unwrap_or(Some(BodyTemplate::None))
    }

    #[expect(clippy::option_option, reason = "the outer one says whether it is sound")]
    fn expect(&mut self, at: &Pointer, value: Option<&Value>) -> Option<Option<Expect>> {
        let Some(value) = value else { return Some(None) };
        match Expect::read(value) {
            Ok(expect) => Some(Some(expect)),
            Err(message) => {
                self.report(Problem::error("expect", self.place(at), message));
                None
            }
        }
    }

    fn template(&mut self, at: &Pointer, value: &Value, input: &Inputs) -> Option<Template> {
        self.foreign(at, value);
        match Template::compile(value) {
            Ok(template) => {
                self.references(at, template.references(), input)?;
                Some(template)
            }
            Err(errors) => {
                for (inner, error) in errors {
                    let problem =
                        self.document.compile_problem("expression", &at.join(&inner), &error);
                    self.report(problem);
                }
                None
            }
        }
    }

    fn text(&mut self, at: &Pointer, text: &str, input: &Inputs) -> Option<Text> {
        self.foreign(at, &Value::from(text));
        match Text::compile(text) {
            Ok(text) => {
                self.references(at, text.references(), input)?;
                Some(text)
            }
            Err(error) => {
                let problem = self.document.compile_problem("expression", at, &error);
                self.report(problem);
                None
            }
        }
    }

    /// Sees that only declared inputs are referred to.
    fn references(&mut self, at: &Pointer, found: &[Reference], input: &Inputs) -> Option<()> {
        let before = self.problems.len();
        for reference in found {
            let place = self.place(at);
            let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
            let problem = match path.as_slice() {
                ["input"] => continue,
                ["input", name, ..] if input.contains_key(*name) => continue,
                ["input", name, ..] => {
                    let message = format!("input \"{name}\" is not declared");
                    let hint =
                        did_you_mean(name, input.keys().map(String::as_str)).unwrap_or_else(|| {
                            format!("declare it: `input: {{ {name}: {{ type: string }} }}`")
                        });
                    Problem::error("unknown-input", place, message).hint(hint)
                }
                ["secrets", ..] => {
                    let message = "a request never sees a secret";
                    let hint = "secrets can stand in the connector's `auth` and `headers`";
                    Problem::error("secret", place, message).hint(hint)
                }
                [root, ..] => {
                    let message = format!("an action sees `input` only, not \"{root}\"");
                    let hint = "declare an input; the step gives it in `with`";
                    Problem::error("unknown-name", place, message).hint(hint)
                }
                [] => continue,
            };
            self.report(problem);
        }
        (self.problems.len() == before).then_some(())
    }

    fn id(&mut self, at: &Pointer, name: &str, what: &str) {
        if !is_id(name) {
            let place = self.key_place(at);
            let message = format!("{what} is a lower-case word of letters, digits and \"_\"");
            self.report(Problem::error("bad-id", place, message).hint("such as post_message"));
        }
    }

    fn bounded(&mut self, at: &Pointer, count: usize) -> Option<()> {
        if count > ENTRIES_MAX {
            let message = format!("there are at most {ENTRIES_MAX} entries");
            self.error("too-many-fields", at, &message, "leave some out");
            return None;
        }
        Some(())
    }
}

fn names(source: &ActionSource, properties: Option<&[(String, String)]>) -> Inputs {
    let any = Input { kind: InputKind::Any, required: false, default: None, description: None };
    let names = source.input.iter().flat_map(|inputs| inputs.keys());
    let named = properties.into_iter().flatten().map(|(name, _)| name);
    names.chain(named).map(|name| (name.clone(), any.clone())).collect()
}
