//! What an event can make an expression do, at most.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::expression::Expression;

/// Far more than a release build takes, far less than a frozen core.
const PATIENCE: Duration = Duration::from_secs(20);

/// The largest event, in shapes that are worst for one filter or another.
fn scope() -> Value {
    let strings: Vec<String> = (0..90_000).map(|n| format!("{n:05}")).collect();
    let list = |n: usize| [vec![7; 500], vec![n]].concat();
    let lists: Vec<Value> = (0..500).map(|n| json!(list(n))).collect();
    json!({"event": {"data": {
        "l": strings,
        "empty": vec![""; 90_000],
        "lists": lists,
        "s": "x".repeat(200_000),
        "quotes": "\"".repeat(700_000),
    }}})
}

/// Evaluates, within bounds of time; the beginning of what it says if it fails.
fn check(scope: &Value, source: &str, expect: Result<Value, &str>) {
    let expression = Expression::compile(source).unwrap();
    let began = Instant::now();
    let result = expression.eval(scope).map_err(|error| error.message);
    assert!(began.elapsed() < PATIENCE, "{source} takes {:?}", began.elapsed());
    match (result, expect) {
        (Ok(value), Ok(expect)) => assert_eq!(value, expect, "{source}"),
        (Err(message), Err(expect)) => assert!(message.contains(expect), "{source}: {message}"),
        (result, _) => panic!("{source}: {}", result.map_or_else(|m| m, |_| "it works".to_owned())),
    }
}

#[test]
fn text_ends_at_its_bound() {
    let scope = scope();
    let long = Err("the text it makes is longer than 4 MiB");
    check(&scope, "event.data.l | join(event.data.s)", long.clone());
    check(&scope, "event.data.l | join(', ') | length", Ok(json!(90_000 * 7 - 2)));
    check(&scope, "([event.data.s] * 30) | join", long.clone());
    let twenty = vec!["event.data.s"; 22].join(" ~ ");
    check(&scope, &twenty, long.clone());
    check(&scope, "[event.data.s, event.data.s] | join | length", Ok(json!(400_000)));
    let larger = "event.data.s | replace('x', 'seventeen letters')";
    check(&scope, &format!("{larger} | b64encode"), long.clone());
    check(&scope, "event.data.quotes | to_json | to_json | to_json", long);
    let encoded = format!("event.data.s{}", " | b64encode".repeat(100));
    check(&scope, &encoded, Err(""));
    for source in [
        "event.data.s | replace('x', event.data.s)",
        "event.data.s * 1000",
        "event.data.l | map('replace', '0', event.data.s) | length",
        "event.data.l | map('join', event.data.s) | length",
    ] {
        check(&scope, source, Err(""));
    }
}

#[test]
fn work_on_lists_ends() {
    let scope = scope();
    let steps = Err("too many steps");
    for source in [
        "event.data.l | select('in', event.data.l) | list | length",
        "event.data.l | select('in', event.data.s) | list | length",
        "event.data.lists | select('in', event.data.lists | reverse) | list | length",
        "event.data.lists | map('difference', event.data.l) | list | length",
        "([event.data.s] * 90000) | sort | length",
        "([event.data.s] * 90000) | unique | length",
        "([{'a': event.data.s}] * 90000) | sort(attribute='a') | length",
        "([event.data.s] * 90000) | max",
        "([event.data.l] * 9000) | map('to_json') | list | length",
        "([event.data.l] * 9000) | select('eq', event.data.l) | list | length",
        "event.data.s | trim('y' * 50000 + 'x')",
        "event.data.empty | map('default', event.data.l, true) | map('join') | list | length",
    ] {
        check(&scope, source, steps.clone());
    }
}

#[test]
fn what_is_named_again_is_converted_once() {
    let many = vec!["(event.data.l | length)"; 70].join(" + ");
    assert_eq!(Expression::compile(&many).unwrap().0.parameters.len(), 1);
    check(&scope(), &many, Ok(json!(70 * 90_000)));
    let different = "event.data.l | length if event.data.k is defined else event.data.k.l";
    assert_eq!(Expression::compile(different).unwrap().0.parameters.len(), 3);
}

#[test]
fn honest_work_on_large_lists_is_done() {
    let scope = scope();
    check(&scope, "event.data.l | intersect(event.data.l) | length", Ok(json!(90_000)));
    check(&scope, "event.data.l | difference(['00001']) | length", Ok(json!(89_999)));
    check(&scope, "'89999' in event.data.l", Ok(json!(true)));
    check(&scope, "event.data.l | select('in', ['00001', '00002']) | list | length", Ok(json!(2)));
    check(&scope, "event.data.l | max", Ok(json!("89999")));
    check(&scope, "event.data.l | to_json | length", Ok(json!(90_000 * 8 + 1)));
    check(&scope, "event.data.lists | first == event.data.lists | last", Ok(json!(false)));
    check(&scope, "'  x ' | trim ~ ('--x-' | trim('-'))", Ok(json!("xx")));
}
