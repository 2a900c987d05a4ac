//! The nine cases in which jsonpath-rust leaves RFC 9535, as users meet them.
//!
//! Names are those of the JSONPath compliance test suite. Two answer in another order, one
//! answers wrongly, six are accepted although they mean nothing (RFC 9535, section 2.4.3).

use serde_json::{Value, json};
use tenure_language::Path;
use tenure_workflow::Known;

/// The path answers as the suite wants it.
fn answers(path: &str, document: &Value, expected: &[Value]) {
    let answer = Path::compile(path).unwrap().select(document);
    assert!(expected.contains(&answer), "{path} gives {answer}");
    assert_eq!(problems(path), Vec::<String>::new(), "{path}");
}

/// The path is refused, and `check` says where and why before anything runs.
fn refused(path: &str, because: &str) {
    let error = Path::compile(path).unwrap_err();
    assert!(error.message.contains(because), "{path}: {}", error.message);
    let problems = problems(path);
    assert_eq!(problems.len(), 2, "in an output, and in an expression: {problems:?}");
    for problem in problems {
        assert!(problem.contains(because), "{path}: {problem}");
    }
}

/// What `check` says of a workflow that uses the path in both places where one can stand.
fn problems(path: &str) -> Vec<String> {
    let output = serde_json::to_string(path).unwrap();
    let quoted =
        serde_json::to_string(&format!("${{{{ input.x | jsonpath({output}) }}}}")).unwrap();
    let text = format!(
        "name: paths\ntriggers:\n  - manual: {{}}\nsteps:\n  - id: ask\n    call: host\n    \
         request: GET /things\n    output: {{ found: {output} }}\n  - id: pick\n    \
         set: {{ found: {quoted} }}\n"
    );
    let report = tenure_workflow::check("paths.yaml", &text, &Known::anything()).report;
    for problem in &report.problems {
        assert!([8, 10].contains(&problem.place.line), "{problem:?}");
    }
    report.problems.into_iter().map(|problem| problem.message).collect()
}

#[test]
fn descendant_segment_multiple_selectors() {
    let document = json!([{ "a": "b", "d": "e" }, { "a": "c", "d": "f" }]);
    answers("$..['a','d']", &document, &[json!(["b", "e", "c", "f"])]);
}

#[test]
fn descendant_segment_object_traversal_multiple_selectors() {
    let document = json!({ "x": { "a": "b", "d": "e" }, "y": { "a": "c", "d": "f" } });
    // Maps have no order: the suite takes either.
    let expected = [json!(["b", "e", "c", "f"]), json!(["c", "f", "b", "e"])];
    answers("$..['a','d']", &document, &expected);
}

#[test]
fn filter_nested() {
    refused("$[?@[?@>1]]", "a filter stands inside a filter");
}

#[test]
fn functions_length_non_singular_query_arg() {
    refused("$[?length(@.*)<3]", "length() takes one value");
}

#[test]
fn functions_length_non_singular_query_arg_multiple_index_selectors() {
    refused("$[?length(@[1, 2])<3]", "length() takes one value");
}

#[test]
fn functions_length_non_singular_query_arg_multiple_name_selectors() {
    refused("$[?length(@['a', 'b'])<3]", "length() takes one value");
}

#[test]
fn functions_length_result_must_be_compared() {
    refused("$[?length(@.a)]", "must be compared");
}

#[test]
fn functions_count_result_must_be_compared() {
    refused("$[?count(@..*)]", "must be compared");
}

#[test]
fn functions_value_result_must_be_compared() {
    refused("$[?value(@.a)]", "must be compared");
}
