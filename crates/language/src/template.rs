//! JSON values whose texts may hold `${{ … }}`.

use serde_json::{Map, Value};

use crate::error::{CompileError, EvalError};
use crate::expression::{Expression, Reference, Scope};
use crate::pointer::Pointer;
use crate::text::Text;

/// A JSON value that is filled from a scope.
///
/// A text that is exactly one `${{ … }}` becomes the expression's value with its type; any
/// other text with holes stays text.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    node: Node,
    references: Vec<Reference>,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Constant(Value),
    Value(Expression),
    Text(Text),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Template {
    /// Compiles every text in a value.
    ///
    /// # Errors
    /// All that do not compile, each with its way into the value.
    pub fn compile(value: &Value) -> Result<Self, Vec<(Pointer, CompileError)>> {
        let mut compiler = Compiler { references: Vec::new(), errors: Vec::new() };
        let node = compiler.node(&Pointer::root(), value);
        match compiler.errors.is_empty() {
            true => Ok(Self { node, references: compiler.references }),
            false => Err(compiler.errors),
        }
    }

    /// Fills all holes.
    ///
    /// # Errors
    /// A hole cannot be evaluated.
    pub fn fill(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        self.node.fill(scope)
    }

    /// Everything its holes refer to, each once.
    #[must_use]
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// Whether it has no holes.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        matches!(self.node, Node::Constant(_))
    }
}

struct Compiler {
    references: Vec<Reference>,
    errors: Vec<(Pointer, CompileError)>,
}

impl Compiler {
    fn node(&mut self, pointer: &Pointer, value: &Value) -> Node {
        match value {
            Value::String(source) if source.contains("${{") => self.text(pointer, source),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let nodes: Vec<Node> =
                    items.map(|(at, item)| self.node(&pointer.index(at), item)).collect();
                match nodes.iter().all(Node::is_constant) {
                    true => Node::Constant(value.clone()),
                    false => Node::List(nodes),
                }
            }
            Value::Object(members) => {
                let nodes: Vec<(String, Node)> = members
                    .iter()
                    .map(|(key, value)| (key.clone(), self.node(&pointer.key(key), value)))
                    .collect();
                match nodes.iter().all(|(_, node)| node.is_constant()) {
                    true => Node::Constant(value.clone()),
                    false => Node::Map(nodes),
                }
            }
            constant => Node::Constant(constant.clone()),
        }
    }

    fn text(&mut self, pointer: &Pointer, source: &str) -> Node {
        let text = match Text::compile(source) {
            Ok(text) => text,
            Err(error) => {
                self.errors.push((pointer.clone(), error));
                return Node::Constant(Value::Null);
            }
        };
        for reference in text.references() {
            if !self.references.contains(reference) {
                self.references.push(reference.clone());
            }
        }
        match text.only_hole() {
            Some(expression) => Node::Value(expression.clone()),
            None => Node::Text(text),
        }
    }
}

impl Node {
    fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }

    fn fill(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Value(expression) => expression.eval(scope),
            Self::Text(text) => text.fill(scope).map(Value::String),
            Self::List(nodes) => nodes.iter().map(|node| node.fill(scope)).collect(),
            Self::Map(nodes) => {
                let filled = nodes.iter().map(|(key, node)| Ok((key.clone(), node.fill(scope)?)));
                filled.collect::<Result<Map<_, _>, _>>().map(Value::Object)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_lone_hole_keeps_its_type() {
        let scope = json!({"n": 3, "list": [1, null], "name": "Ada"});
        let template = Template::compile(&json!({
            "n": "${{ n }}",
            "list": ["${{ list }}", "x", 7],
            "text": "Hi ${{ name }}",
            "spaced": " ${{ n }}",
            "plain": {"a": null},
        }));
        let template = template.unwrap();
        assert_eq!(
            template.fill(&scope).unwrap(),
            json!({
                "n": 3,
                "list": [[1, null], "x", 7],
                "text": "Hi Ada",
                "spaced": " 3",
                "plain": {"a": null},
            })
        );
        let paths: Vec<_> = template.references().iter().map(|r| r.path.join(".")).collect();
        assert_eq!(paths, ["n", "list", "name"]);
        assert!(!template.is_constant());
    }

    #[test]
    fn all_errors_come_at_once() {
        let errors =
            Template::compile(&json!({"a": "${{ }}", "b": ["x", "${{ y | nope }}"]})).unwrap_err();
        let pointers: Vec<_> = errors.iter().map(|(pointer, _)| pointer.to_string()).collect();
        assert_eq!(pointers, ["a", "b[1]"]);
    }
}
