//! What a step costs before anything is sent: expressions, templates, JSONPath, checking.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use serde_json::{Value, json};
use tenure_language::{Expression, Path, RequestTemplate, Template, Text};
use tenure_workflow::{Kind, Known, Target, check};

const JOINER: &str = include_str!("../../workflows/workflows/joiner.yaml");
const EVENT: &str = include_str!("../../workflows/events/joiner.json");

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    expressions(&mut criterion);
    templates(&mut criterion);
    selecting(&mut criterion);
    checking(&mut criterion);
    criterion.final_summary();
}

/// The scope of a joiner's step, as JSON.
fn scope() -> Value {
    let event: Value = serde_json::from_str(EVENT).expect("the shipped event is JSON");
    json!({
        "vars": {
            "user": event["data"]["user"],
            "email": event["data"]["user"]["email"],
            "asked_teams": ["design"],
        },
        "event": event,
        "input": null,
    })
}

fn expressions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("expression");
    let scope = scope();
    for (name, source) in [
        ("a reference", "event.data.user.email"),
        ("a condition", "event.data.user.attributes.department == \"Engineering\""),
        ("a default and filters", "vars.user.userName | split(\"@\") | first"),
        ("a map with defaults", "(input.user | default(event.data.user)).userName"),
    ] {
        let expression = Expression::compile(source).expect("the expression compiles");
        group.bench_function(name, |bencher| bencher.iter(|| expression.eval(black_box(&scope))));
    }
    group.finish();
}

/// The request of the joiner that has the largest body.
fn account(plan: &tenure_workflow::Plan) -> &RequestTemplate {
    let step = plan.steps.steps.iter().find(|step| step.id == "account");
    match step.map(|step| &step.kind) {
        Some(Kind::Call(call)) => match &call.target {
            Target::Request(request) => request,
            Target::Action { .. } => panic!("the account is made by a request"),
        },
        _ => panic!("the joiner makes an account"),
    }
}

fn templates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("template");
    let scope = scope();
    let body =
        json!({ "name": "${{ vars.user.displayName }}", "active": true, "tags": ["a", "b"] });
    let body = Template::compile(&body).expect("the template compiles");
    group.bench_function("a small body", |bencher| bencher.iter(|| body.fill(black_box(&scope))));
    let text = Text::compile("Welcome ${{ vars.user.displayName }}!").expect("the text compiles");
    group.bench_function("a sentence", |bencher| bencher.iter(|| text.fill(black_box(&scope))));
    let checked = check("joiner.yaml", JOINER, &Known::anything());
    let plan = checked.plan.expect("the shipped joiner is sound");
    let request = account(&plan);
    group.bench_function("the request of the joiner's account", |bencher| {
        bencher.iter(|| request.fill(black_box(&scope)));
    });
    group.finish();
}

fn selecting(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("jsonpath");
    let resources: Vec<Value> = (0..100)
        .map(|number| json!({ "id": number.to_string(), "active": number % 3 == 0 }))
        .collect();
    let response = json!({ "status": 200, "headers": {}, "body": { "Resources": resources } });
    for (name, source) in [
        ("one of a hundred", "$.body.Resources[50].id"),
        ("a third of a hundred", "$.body.Resources[?@.active == true].id"),
    ] {
        let path = Path::compile(source).expect("the path compiles");
        group.bench_function(name, |bencher| bencher.iter(|| path.select(black_box(&response))));
    }
    group.finish();
}

fn checking(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("check");
    group.throughput(Throughput::Bytes(JOINER.len() as u64));
    group.bench_function("the shipped joiner", |bencher| {
        bencher.iter(|| check("joiner.yaml", black_box(JOINER), &Known::anything()));
    });
    group.finish();
}
