//! What expressions give and refuse.
//!
//! Long because it is one table of cases after the other, over one scope.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn scope() -> Value {
    json!({
        "event": {"data": {"user": {
            "id": "u1", "name": "Ada Lovelace", "age": 36, "remote": true, "manager": null,
            "teams": ["eng", "ops"], "attributes": {"userType": "employee", "odd key": 1},
            "rate": 1.5, "big": 18_446_744_073_709_551_615u64,
        }}},
        "steps": {
            "list": {"status": "succeeded", "response": {"body": {"items": [
                {"id": 1, "active": true}, {"id": 2, "active": false}, {"id": 3, "active": true},
            ]}}},
            "skipped": {"status": "skipped", "output": null, "response": null},
        },
        "vars": {"key": "eng", "owners": {"eng": ["a"], "ops": []}, "i": 1, "none": null},
        "input": {"secret": "hunter2", "mixed": [1, "a"], "empty": ""},
    })
}

fn eval(source: &str) -> Result<Value, String> {
    let expression = Expression::compile(source).map_err(|error| error.message)?;
    expression.eval(&scope()).map_err(|error| error.message)
}

#[test]
fn evaluates() {
    for (source, expected) in [
        ("event.data.user.id", json!("u1")),
        ("${{ event.data.user.id }}", json!("u1")),
        ("event.data.user", scope()["event"]["data"]["user"].clone()),
        ("event.data.user.attributes['odd key']", json!(1)),
        ("event.data.user.teams[1]", json!("ops")),
        ("event.data.user.teams.0", json!("eng")),
        ("event.data.user.teams[-1]", json!("ops")),
        ("event.data.user.teams[0:1]", json!(["eng"])),
        ("event.data.user.big", json!(18_446_744_073_709_551_615u64)),
        ("event.data.user.age + 1", json!(37)),
        ("event.data.user.age * 1.5", json!(54.0)),
        ("-event.data.user.age", json!(-36)),
        ("1 + 2 * 3", json!(7)),
        ("7 // 2 ~ 'x'", json!("3x")),
        ("event.data.user.name | upper", json!("ADA LOVELACE")),
        ("event.data.user.name | split(' ') | first", json!("Ada")),
        ("'Hi ' ~ event.data.user.name ~ '!' ~ 3", json!("Hi Ada Lovelace!3")),
        ("event.data.user.attributes.userType == 'employee'", json!(true)),
        ("event.data.user.age >= 18 and event.data.user.remote", json!(true)),
        ("not event.data.user.remote or false", json!(false)),
        ("'eng' in event.data.user.teams", json!(true)),
        ("'hr' not in event.data.user.teams", json!(true)),
        ("'Love' in event.data.user.name", json!(true)),
        ("not 'eng' in event.data.user.teams", json!(false)),
        ("1 == 1.0", json!(true)),
        ("event.data.user.manager == null", json!(true)),
        ("event.data.user.name != none", json!(true)),
        ("'a' if event.data.user.remote else 'b'", json!("a")),
        ("'a' if vars.missing is defined else 'b'", json!("b")),
        ("vars.owners[vars.key]", json!(["a"])),
        ("vars.owners[vars.key][0]", json!("a")),
        ("vars.owners['no' ~ 'ne'] | default('x')", json!("x")),
        ("vars.nothing[vars.key].x[0] | default('x')", json!("x")),
        ("vars.nothing[vars.key] is defined", json!(false)),
        ("(event.data.user).name", json!("Ada Lovelace")),
        ("{'a': {'b': 1}}.a.b", json!(1)),
        ("{'a': event.data.user.id, 'b': [1, null]}", json!({"a": "u1", "b": [1, null]})),
        ("range(3)", json!([0, 1, 2])),
        ("(1, 2)", json!([1, 2])),
        ("3 is odd and 4 is divisibleby 2", json!(true)),
        ("vars.none is null", json!(true)),
        ("event.data.user.age is gt(18)", json!(true)),
    ] {
        assert_eq!(eval(source), Ok(expected), "{source}");
    }
}

#[test]
fn filters_do_what_their_table_says() {
    for (source, expected) in [
        ("vars.owners | pick('eng')", json!(["a"])),
        ("vars.owners | pick('hr', [])", json!([])),
        ("vars.owners | keys", json!(["eng", "ops"])),
        ("vars.owners | values", json!([["a"], []])),
        ("['a', 'b', 'c'] | intersect(['c', 'a'])", json!(["a", "c"])),
        ("['a', 'b', 'c'] | difference(['c', 'a'])", json!(["b"])),
        ("{'b': [1, null]} | to_json", json!("{\"b\":[1,null]}")),
        ("'{\"b\": [1.5]}' | from_json", json!({"b": [1.5]})),
        ("'Jürgen  Groß-O\\'Neil ' | slug", json!("juergen-gross-o-neil")),
        ("'Ada' | b64encode", json!("QWRh")),
        ("'QWRh' | b64decode", json!("Ada")),
        ("event.data.user.teams | join(', ')", json!("eng, ops")),
        ("[3, 1, 2] | sort", json!([1, 2, 3])),
        ("[3, 1, 2] | max", json!(3)),
        ("3 | string", json!("3")),
        ("true | string", json!("true")),
        ("vars.none | default('x')", json!("x")),
        ("vars.missing.deep | default('x')", json!("x")),
        ("input.empty | default('x')", json!("")),
        ("input.empty | default('x', true)", json!("x")),
        ("steps.list.response.body.items | map(attribute='id') | list", json!([1, 2, 3])),
        ("steps.list.response.body.items | selectattr('active') | length", json!(2)),
    ] {
        assert_eq!(eval(source), Ok(expected), "{source}");
    }
}

#[test]
fn jsonpath_is_compiled_along() {
    for (source, expected) in [
        ("steps.list.response.body | jsonpath(\"$.items[?@.active == true].id\")", json!([1, 3])),
        ("steps.list.response.body | jsonpath('$.items[0].id')", json!(1)),
        ("steps.list.response.body | jsonpath('$.nothing')", json!(null)),
        ("steps.skipped.response | jsonpath('$.items[*]')", json!([])),
        ("steps.skipped.response | jsonpath('$.items')", json!(null)),
        ("(steps.list.response | pick('body')) | jsonpath('$.items[*].id')", json!([1, 2, 3])),
        ("steps.list.response.body | jsonpath('$.items[*].id') | length", json!(3)),
        ("'jsonpath(\"$[\")'", json!("jsonpath(\"$[\")")),
    ] {
        assert_eq!(eval(source), Ok(expected), "{source}");
    }
    let source = "event.x | jsonpath('$.a[')";
    let error = Expression::compile(source).unwrap_err();
    assert_eq!(error.message, "this is not JSONPath (RFC 9535)");
    assert!(error.start >= 18 && error.end <= source.len(), "{error:?}");
    for source in
        ["event.x | jsonpath(vars.path)", "event.x | jsonpath", "event.x | jsonpath('$', 1)"]
    {
        let error = Expression::compile(source).unwrap_err();
        assert_eq!(&source[error.start..error.end], "jsonpath", "{source}");
    }
    let error = eval("[[1]] | map('jsonpath', '$[0]') | list").unwrap_err();
    assert!(error.contains("written out"), "{error}");
}

#[test]
fn null_goes_on_and_missing_does_not() {
    for (source, expected) in [
        ("steps.skipped.output.id", Ok(json!(null))),
        ("steps.skipped.output.id == null", Ok(json!(true))),
        ("event.data.user.manager.name.first", Ok(json!(null))),
        ("(event.data.user.manager | pick('x')).name", Ok(json!(null))),
        ("vars.none[vars.key]", Ok(json!(null))),
        ("event.data.user.nickname", Err("event.data.user.nickname is missing")),
        ("event.data.user.name.first", Err("event.data.user.name.first is missing")),
        ("event.data.user.nickname == 'x'", Err("event.data.user.nickname is missing")),
        ("event.data.user.nickname | upper", Err("event.data.user.nickname is missing")),
        ("event.data.user.teams[7]", Err("event.data.user.teams.7 is missing")),
        ("vars.owners[event.data.user.id]", Err("a map has no such member")),
        ("event.data.user.teams[vars.i + 5]", Err("a list has no such item")),
        ("steps.nope.output.id", Err("steps.nope.output.id is missing")),
        ("nobody", Err("nobody is missing")),
        ("event.data.user.remote or nobody", Ok(json!(true))),
    ] {
        let found = eval(source);
        match expected {
            Ok(value) => assert_eq!(found, Ok(value), "{source}"),
            Err(reason) => assert_eq!(found, Err(format!("`{source}`: {reason}"))),
        }
    }
}

#[test]
fn types_do_not_mix() {
    for (source, reason) in [
        ("event.data.user.age < '4'", "a number is compared with text"),
        ("event.data.user.age == '36'", "a number is compared with text"),
        ("event.data.user.age != '36'", "a number is compared with text"),
        ("event.data.user.remote == 'true'", "true or false is compared with text"),
        ("event.data.user.teams < event.data.user.teams", "a list has no order"),
        ("vars.none < 3", "null has no order"),
        ("3 is lt 'a'", "a number is compared with text"),
        ("input.mixed | sort", "a number is compared with text"),
        ("input.mixed | max", "a number is compared with text"),
        ("'x' ~ vars.none", "null cannot stand in text; use `| default(…)`"),
        (
            "'x' ~ event.data.user.teams",
            "a list cannot stand in text; use `| join(\", \")` or `| to_json`",
        ),
        ("[null] | join(',')", "null cannot stand in text; use `| default(…)`"),
        ("vars.none | string", "null cannot stand in text; use `| default(…)`"),
        ("1 in 'a1'", "a number is looked for in text"),
        ("'a' in vars.none", "null holds nothing to look in"),
        ("'a' + 1", "tried to use + operator on unsupported types string and number"),
        ("1 // 0", "the calculation has no result, such as a division by zero"),
        ("'x' | from_json", "from_json needs JSON text"),
    ] {
        assert_eq!(eval(source), Err(format!("`{source}`: {reason}")), "{source}");
    }
}

#[test]
fn habits_of_other_languages_are_named() {
    for (source, message, hint) in [
        ("event.a && event.b", "no \"&&\"", "write `and`"),
        ("event.a || 'x'", "no \"||\"", "write `or`"),
        ("!event.a", "no \"!\"", "write `not`"),
        ("event.a and !event.b", "no \"!\"", "write `not`"),
        ("event.a = 'x'", "no \"=\"", "write `==`"),
        ("event.a === 'x'", "no \"===\"", "write `==`"),
        ("event.a !== 'x'", "no \"!==\"", "write `!=`"),
        ("event.a <> 'x'", "no \"<>\"", "write `!=`"),
        ("event.a ? 1 : 2", "no \"?\"", "value if condition else other"),
        ("event.a ?? 1", "no \"??\"", "default(other)"),
        ("event?.a", "no \"?.\"", "a member of null is null"),
        ("`x`", "no \"`\"", "quotes"),
        ("event.l | map(x => x)", "no \"=>\"", "filters such as"),
        ("event.l | sort(reverse=true) = 1", "no \"=\"", "write `==`"),
        ("contains(event.l, 1)", "no function \"contains\"", "value in list"),
        ("event.a.endsWith('x')", "no methods", "is endingwith"),
        ("event.a.upper()", "no methods", "value | upper"),
        ("event.a.length()", "no methods", "value | length"),
        ("toJSON(event)", "no function", "did you mean \"to_json\"?"),
        ("event.a | frobnicate", "no filter", "filters are default, join"),
        ("event.a | toUpperCase", "no filter", "value | upper"),
        ("event.a | titel", "no filter", "did you mean \"title\"?"),
        ("event.a is frobnicated", "no test", "tests are boolean, defined"),
    ] {
        let error = Expression::compile(source).unwrap_err();
        assert!(error.message.contains(message), "{source}: {}", error.message);
        let found = error.hint.unwrap_or_default();
        // A filter that exists is named as `value | length`, one that does not by its text.
        let found = found.replace("text |", "value |");
        assert!(found.contains(hint), "{source}: {found}");
    }
    for source in ["event.l | sort(reverse=true)", "'a && b' == 'c = d'", "{'a': 1 != 2}"] {
        assert!(Expression::compile(source).is_ok(), "{source}");
    }
}

#[test]
fn errors_never_repeat_values() {
    for source in [
        "input.secret + 1",
        "input.secret | int",
        "input.secret | from_json",
        "input.secret | b64decode",
        "input.secret < 1",
        "input.secret.x",
        "input.secret | map(input.secret) | list",
        "[1] | map(input.secret) | list",
        "[1] | select(input.secret) | list",
        "input.secret | round",
        "-input.secret",
        "input.secret // 2",
        "{} | pick(input.secret)",
        "input[input.secret]",
        "input.secret | dictsort",
        "input.secret | batch(input.secret)",
        "input.secret | replace(1, input.secret, input.secret)",
        "range(input.secret)",
    ] {
        let error = eval(source).unwrap_err();
        assert!(!error.contains("hunter2"), "{source}: {error}");
        assert!(error.starts_with(&format!("`{source}`: ")), "{error}");
    }
}

#[test]
fn says_what_does_not_compile() {
    for (source, piece, message) in [
        ("", "", "the expression is empty"),
        ("a +", "+", "unexpected end of input, expected expression"),
        ("a | uper", "uper", "there is no filter \"uper\""),
        ("a is definde", "definde", "there is no test \"definde\""),
        ("upper(a)", "upper", "there is no function \"upper\""),
        ("now()", "now", "there is no function \"now\""),
        ("_eq(1, 2)", "_eq", "there is no function \"_eq\""),
        ("a.upper()", "upper", "values have no methods, so no \"upper\""),
        ("(a)(1)", "(", "a value cannot be called"),
        ("1 < a < 3", "<", "comparisons do not chain"),
        ("1 == 2 == 3", "==", "comparisons do not chain"),
        ("a if b", "if", "\"if\" has no \"else\""),
        ("steps", "steps", "\"steps\" needs the id of a step, written out"),
        ("steps[vars.x].output", "steps", "\"steps\" needs the id of a step, written out"),
        ("{a: 1}", "a", "the key \"a\" has no quotes"),
        ("a | join(*b)", "*", "arguments are written out one by one"),
        ("'a", "'a", "the quoted text is not closed"),
        ("${{ a }} b", " b", "a single expression is expected here, nothing may follow its \"}}\""),
        ("a | safe", "safe", "there is no filter \"safe\""),
        ("a ? b : c", "?", "expressions have no \"?\""),
    ] {
        let error = Expression::compile(source).unwrap_err();
        assert_eq!(error.message, message, "{source}");
        assert_eq!(&source[error.start..error.end], piece, "{source}");
    }
    let error = Expression::compile("a | uper").unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("did you mean \"upper\"?"));
}

#[test]
fn knows_what_it_refers_to() {
    for (source, expected) in [
        ("steps.account.output.id", vec!["steps.account.output.id"]),
        ("event.a + event.a + event['b']", vec!["event.a", "event.b"]),
        ("event.items[vars.i].name", vec!["event.items", "vars.i"]),
        ("event.items[0].name | default(input.x)", vec!["event.items.0.name", "input.x"]),
        ("x | map(attribute='y') | join(sep)", vec!["x", "sep"]),
        ("'event.a' ~ 1", vec![]),
        ("a.b is defined and c", vec!["a.b", "c"]),
        ("steps.list.response.body | jsonpath('$.x')", vec!["steps.list.response.body"]),
    ] {
        let expression = Expression::compile(source).unwrap();
        let found: Vec<String> = expression.references().iter().map(|r| r.path.join(".")).collect();
        assert_eq!(found, expected, "{source}");
    }
}

#[test]
fn conditions_are_true_or_false() {
    let holds = |source: &str| {
        Expression::compile(source).unwrap().holds(&scope()).map_err(|error| error.message)
    };
    assert_eq!(holds("event.data.user.remote"), Ok(true));
    assert_eq!(holds("steps.skipped.output.ok"), Ok(false));
    assert_eq!(
        holds("input.secret"),
        Err("`input.secret`: a condition is true or false, this is text".to_owned())
    );
}

#[test]
fn results_are_bounded() {
    for source in [
        "'x' * 90000000",
        "[0] * 90000000",
        "[range(9999), range(9999)] | map('list') | list * 1000",
        "2 ** 9999999",
        "range(99999999)",
    ] {
        let result = eval(source).map(|value| value.to_string().len());
        let error = result.expect_err(source);
        assert!(!error.contains("is missing"), "{source}: {error}");
    }
}

#[test]
fn sources_are_bounded() {
    for source in [
        "(".repeat(5_000),
        "[".repeat(49) + &"]".repeat(49),
        "-".repeat(7_000) + "1",
        format!("{}1", "not ".repeat(1_900)),
        format!("1{}", " if 1 else 1".repeat(60)),
        format!("1{}", " + 1".repeat(1_000)),
        "a".repeat(9_000),
        format!("(event){}", ".data".repeat(20)),
    ] {
        assert!(Expression::compile(&source).is_err(), "{source}");
    }
}

#[test]
fn long_chains_need_little_stack() {
    for (source, links) in [
        ("1{}", " + 1"),
        ("1{}", " ~ 1"),
        ("1{}", " ** 1"),
        ("true{}", " and true"),
        ("event.data.user.name{}", " | lower"),
        ("event{}", ".data"),
        ("1{}", " is odd"),
    ] {
        let links_max = (780 / (links.split_whitespace().count().max(2))).min(390);
        let source = source.replace("{}", &links.repeat(links_max));
        let expression = Expression::compile(&source).unwrap_or_else(|e| panic!("{source}: {e}"));
        let _ = expression.eval(&scope());
    }
}

#[test]
fn may_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Expression>();
    shared::<crate::Text>();
    shared::<crate::Template>();
    shared::<crate::Path>();
}

proptest! {
    #[test]
    fn never_panics_on_any_text(source in "\\PC{0,60}") {
        let _ = eval(&source);
    }

    #[test]
    fn never_panics_on_likely_text(
        source in "(event|steps|vars|input|\\.|data|user|\\[|\\]|\\(|\\)|\\{|\\}|:|,| if | else | not | and | in | is |defined|\\|| default|upper|jsonpath|map|'\\$\\.a'|'x'|1|0\\.5|==|<|~|-|\\*|ü){0,16}"
    ) {
        let _ = eval(&source);
    }

    #[test]
    fn a_compile_error_lies_inside(source in "[a-z.|()'\"{} ü+<=-]{0,30}") {
        if let Err(error) = Expression::compile(&source) {
            prop_assert!(source.get(error.start..error.end).is_some(), "{error:?}");
        }
    }

    #[test]
    fn values_come_back_as_they_were(number in any::<i64>(), float in any::<f64>(), text in "\\PC*") {
        let value = json!({"n": number, "f": if float.is_finite() { float } else { 0.5 }, "t": text});
        let whole = Expression::compile("[x, x]").unwrap().eval(&json!({"x": value})).unwrap();
        prop_assert_eq!(&whole[1], &value);
    }
}
