//! What deciding costs: a run asked and told from its first fact to its last, and folded.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tenure_run::{Fact, Intent, Next, Program, Run, RunId, StepPath, What};
use tenure_workflow::{Known, check};

const THREE_STEPS: &str = "
name: three
triggers: [{ manual: {} }]
steps:
  - { id: find, call: c, request: GET /people/7, output: { name: $.body.name } }
  - { id: make, call: c, request: POST /accounts, body: { name: '${{ steps.find.output.name }}' } }
  - { id: look, call: c, request: GET /accounts/7 }
";

const LOOP: &str = "
name: loop
triggers: [{ manual: {} }]
steps:
  - id: each
    for_each: ${{ input.list }}
    as: item
    concurrency: 8
    steps: [{ id: put, call: c, request: 'PUT /items/${{ item }}' }]
";

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    drive(&mut criterion, "three steps", THREE_STEPS, Value::Null);
    let list: Vec<u32> = (0..1000).collect();
    drive(&mut criterion, "a loop of 1000", LOOP, json!({ "list": list }));
    criterion.final_summary();
}

fn drive(criterion: &mut Criterion, name: &str, text: &str, input: Value) {
    let checked = check("bench.yaml", text, &Known::anything());
    let program = Program::new(checked.plan.expect("the workflow is sound"));
    let facts = life(&program, &input);
    let mut group = criterion.benchmark_group("run");
    group.throughput(Throughput::Elements(facts.len() as u64));
    if facts.len() > 1000 {
        group.sample_size(20);
    }
    group.bench_function(format!("{name}: every decision"), |bencher| {
        bencher.iter(|| life(black_box(&program), &input));
    });
    group.bench_function(format!("{name}: folded from its facts"), |bencher| {
        bencher.iter(|| Run::replay(RunId::new(), Arc::clone(&program), black_box(&facts)));
    });
    group.finish();
}

/// Drives a run to its end, each request answered at once, and returns all its facts.
fn life(program: &Arc<Program>, input: &Value) -> Vec<Fact> {
    let now: Timestamp = "2026-11-23T07:00:00Z".parse().expect("a time");
    let first = Fact { at: now, what: created(program, input) };
    let mut run = Run::create(RunId::new(), Arc::clone(program), &first).expect("a run begins");
    let mut facts = vec![first];
    loop {
        let new = match run.next(now) {
            Next::Record(fact) => vec![fact],
            Next::Perform(due) => {
                due.into_iter().map(|due| Fact { at: now, what: started(due.step) }).collect()
            }
            Next::Wait(_) => {
                let in_hand = run.in_hand().into_iter();
                in_hand.map(|(step, _)| Fact { at: now, what: succeeded(step) }).collect()
            }
            Next::Done(_) => return facts,
        };
        for fact in new {
            run.apply(&fact).expect("the fact fits");
            facts.push(fact);
        }
    }
}

fn created(program: &Program, input: &Value) -> What {
    What::Created {
        workflow: program.plan().name.clone(),
        version: program.plan().version.0.clone(),
        subject: None,
        initiator: "bench".to_owned(),
        event: Value::Null,
        input: input.clone(),
    }
}

fn started(step: StepPath) -> What {
    let intent = Intent {
        attempt: 1,
        connector: "c".to_owned(),
        method: "PUT".to_owned(),
        path: "/items/7".to_owned(),
        digest: "0123456789abcdef".to_owned(),
        idempotency_key: Some(step.to_string()),
        repeatable: true,
        read: false,
    };
    What::AttemptStarted { step, intent }
}

fn succeeded(step: StepPath) -> What {
    let output = Map::from_iter([("name".to_owned(), json!("Ann Berg"))]);
    What::StepSucceeded { step, output, response: None, attempts: Vec::new() }
}
