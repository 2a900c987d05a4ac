//! Whatever is answered, and wherever it crashes: a run ends, and no fact is illegal.

use proptest::prelude::*;
use serde_json::json;

use super::{Say, World, program};
use crate::{Fact, Outcome, Run, RunStatus, What};

/// A block of steps as YAML, with ids that are unique.
fn block(
    depth: u32,
    indent: usize,
    next: &mut u32,
    shape: &mut impl Iterator<Item = u8>,
) -> String {
    let mut text = String::new();
    let pad = " ".repeat(indent);
    for _ in 0..=shape.next().unwrap_or(0) % 3 {
        *next += 1;
        let id = *next;
        let choice =
            if depth == 0 { shape.next().unwrap_or(0) % 5 } else { shape.next().unwrap_or(0) % 9 };
        let on_error = match shape.next().unwrap_or(0) % 4 {
            0 => format!("\n{pad}  on_error: continue"),
            1 if depth > 0 => {
                format!("\n{pad}  on_error:\n{}", block(depth - 1, indent + 4, next, shape))
            }
            _ => String::new(),
        };
        let mut inner = |extra| block(depth.saturating_sub(1), indent + extra, next, shape);
        let body = match choice {
            0 => format!("- id: read{id}\n{pad}  call: c\n{pad}  request: GET /x"),
            1 => format!("- id: put{id}\n{pad}  call: c\n{pad}  request: PUT /x"),
            2 => format!(
                "- id: post{id}\n{pad}  call: c\n{pad}  request: POST /x\n{pad}  timeout: 5m"
            ),
            3 => format!("- id: set{id}\n{pad}  set: {{ v{id}: '${{{{ run.id }}}}' }}"),
            4 => format!("- id: nap{id}\n{pad}  wait: 3m"),
            5 => format!(
                "- id: each{id}\n{pad}  for_each: ${{{{ input.list }}}}\n{pad}  as: n{id}\n{pad}  concurrency: 2\n{pad}  steps:\n{}",
                inner(4)
            ),
            6 => format!(
                "- id: choose{id}\n{pad}  switch:\n{pad}    - when: ${{{{ input.yes }}}}\n{pad}      steps:\n{}",
                inner(8)
            ),
            7 => format!(
                "- id: side{id}\n{pad}  parallel:\n{pad}    a{id}:\n{}\n{pad}    b{id}:\n{}",
                inner(6),
                inner(6)
            ),
            _ => format!(
                "- id: maybe{id}\n{pad}  if: ${{{{ input.yes }}}}\n{pad}  set: {{ w{id}: 1 }}"
            ),
        };
        text.push_str(&format!("{pad}{}{on_error}\n", body.trim_end()));
    }
    text
}

fn say(choice: u8) -> Say {
    match choice % 8 {
        0 => Say::Fail("http.500"),
        1 => Say::Pause(i64::from(choice)),
        2 => Say::Doubt,
        _ => Say::Output(json!({})),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_run_comes_to_rest_and_its_facts_fold_to_the_same(
        shape in prop::collection::vec(any::<u8>(), 40),
        yes in any::<bool>(),
        says in prop::collection::vec(any::<u8>(), 60),
        crash in 0_usize..200,
    ) {
        let steps = format!("steps:\n{}", block(3, 2, &mut 0, &mut shape.into_iter()));
        let mut world = World::of(program(&steps), json!({ "list": [1, 2, 3], "yes": yes }));
        // Answers by order of sending: each path takes the next one.
        let paths: Vec<String> = world.paths();
        for (path, choice) in paths.iter().zip(says.iter().cycle()) {
            world.answers.insert(path.clone(), vec![say(*choice)]);
        }
        world.go();
        let doubt = world.facts.iter().any(|fact| matches!(fact.what, What::StepInDoubt { .. }));
        if world.run.outcome().is_none() {
            prop_assert!(doubt, "only a doubt may hold a run: {}", world.table());
            prop_assert_eq!(world.run.status(), RunStatus::NeedsAttention);
        }

        // The same facts fold to the same run, with a crash anywhere.
        let folded = Run::replay(world.run.id(), world.program.clone(), &world.facts).unwrap();
        prop_assert_eq!(folded.steps(), world.run.steps());
        prop_assert_eq!(folded.summary().status, world.run.summary().status);
        let cut = 1 + crash % world.facts.len();
        let prefix: Vec<Fact> = world.facts[..cut].to_vec();
        let mut cut_off = World { facts: prefix.clone(), now: prefix[cut - 1].at, ..world.clone() };
        cut_off.crash();
        cut_off.go();
        prop_assert!(
            cut_off.run.outcome().is_some() || cut_off.run.status() == RunStatus::NeedsAttention
        );

        // No step that has an outcome is sent again.
        for path in cut_off.sent.iter().skip(world.sent.len()) {
            let over = prefix.iter().any(|fact| match &fact.what {
                What::StepSucceeded { step, .. } | What::StepFailed { step, .. } => {
                    step.to_string() == *path
                }
                _ => false,
            });
            prop_assert!(!over, "{} was sent again", path);
        }
        // After the end, every step has an end.
        if matches!(world.run.outcome(), Some(Outcome::Failed(_) | Outcome::Succeeded { .. })) {
            prop_assert!(world.run.steps().iter().all(|step| step.status.is_ended()));
        }
    }
}

impl World {
    /// The paths of all calls that could be sent, roughly in order.
    fn paths(&self) -> Vec<String> {
        let mut probe = self.clone();
        probe.go();
        probe.sent
    }
}
