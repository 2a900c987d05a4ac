use super::*;
use crate::world::{World, at};

const WORKFLOWS: [&str; 3] = ["joiner", "mover", "leaver"];

/// Runs of several kinds, in the order in which they were accepted.
async fn filled(count: i64) -> (World, Vec<Summary>) {
    let world = World::new().await;
    let mut runs = Vec::new();
    for number in 0..count {
        // Several runs a second, so that some share their instant.
        let workflow = WORKFLOWS[(number * number % 7 % 3) as usize];
        let run = world.begin(workflow, &format!("person {}", number % 11), number / 3).await;
        let status = RunStatus::ALL[(number * 5 % 13 % 8) as usize];
        world.set_status(run, count, status).await;
        runs.push(world.summary(run).await.unwrap().unwrap());
    }
    (world, runs)
}

async fn all_pages(world: &World, filter: &Filter, limit: usize) -> Vec<RunId> {
    let mut runs = Vec::new();
    let mut cursor: Option<Cursor> = None;
    loop {
        let page = world.list(filter, cursor.as_ref(), limit).await.unwrap();
        assert!(page.runs.len() <= limit);
        runs.extend(page.runs.iter().map(|summary| summary.run));
        let Some(next) = page.next else { return runs };
        // What is shown in an address comes back as it was.
        cursor = Some(next.to_string().parse().unwrap());
    }
}

#[tokio::test]
async fn every_filter_agrees_with_a_plain_search() {
    let (world, runs) = filled(300).await;
    let mut newest_first: Vec<_> = runs.iter().collect();
    newest_first.sort_by_key(|summary| std::cmp::Reverse((summary.created_at, summary.run)));
    let subjects = [None, Some("person 4"), Some("nobody")];
    let workflows = [None, Some("joiner"), Some("leaver"), Some("join")];
    let statuses = [None, Some(RunStatus::Failed), Some(RunStatus::Queued)];
    let spans =
        [(None, None), (Some(at(20)), Some(at(70))), (Some(at(90)), None), (None, Some(at(0)))];
    let mut shown = 0;
    for subject in subjects {
        for workflow in workflows {
            for status in statuses {
                for (since, until) in spans {
                    let filter = Filter {
                        subject: subject.map(str::to_owned),
                        workflow: workflow.map(str::to_owned),
                        status,
                        since,
                        until,
                    };
                    let expected: Vec<_> = newest_first
                        .iter()
                        .filter(|summary| filter.allows(summary))
                        .map(|summary| summary.run)
                        .collect();
                    for limit in [1, 7, 1000] {
                        assert_eq!(all_pages(&world, &filter, limit).await, expected, "{filter:?}");
                    }
                    shown += expected.len();
                }
            }
        }
    }
    assert!(shown > 500, "the filters let {shown} runs through");
}

#[tokio::test]
async fn instants_within_a_millisecond_are_told_apart() {
    let world = World::new().await;
    let run = world.begin("joiner", "ann", 0).await;
    let nanos = |nanos| Some(at(0) + jiff::SignedDuration::from_nanos(nanos));
    let check = async |since, until, found: bool| {
        let filter = Filter { since, until, ..Filter::default() };
        let page = world.list(&filter, None, 10).await.unwrap();
        assert_eq!(page.runs.iter().any(|summary| summary.run == run), found);
    };
    check(nanos(0), nanos(1), true).await;
    check(nanos(1), None, false).await;
    check(None, nanos(0), false).await;
    check(nanos(-5), nanos(5), true).await;
}

#[tokio::test]
async fn pages_hold_while_runs_come_and_go() {
    let (world, runs) = filled(30).await;
    let first = world.list(&Filter::default(), None, 10).await.unwrap();
    assert_eq!(first.runs.len(), 10);
    world.begin("joiner", "new", 1000).await;
    let ended = runs.iter().find(|summary| {
        summary.status.is_ended() && !first.runs.iter().any(|shown| shown.run == summary.run)
    });
    let forgotten = ended.unwrap().run;
    assert!(world.forget(forgotten).await.unwrap());
    let mut shown: Vec<_> = first.runs.iter().map(|summary| summary.run).collect();
    let rest = world.list(&Filter::default(), first.next.as_ref(), 100).await.unwrap();
    assert_eq!(rest.next, None);
    shown.extend(rest.runs.iter().map(|summary| summary.run));
    shown.sort();
    let mut expected: Vec<_> = runs.iter().map(|summary| summary.run).collect();
    expected.retain(|run| *run != forgotten);
    expected.sort();
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn live_runs_are_all_found() {
    let (world, runs) = filled(200).await;
    let mut expected: Vec<_> = runs
        .iter()
        .filter(|summary| !summary.status.is_ended())
        .map(|summary| summary.run)
        .collect();
    expected.sort();
    for limit in [1, 13, 1000] {
        let mut found = Vec::new();
        let mut cursor: Option<Cursor> = None;
        loop {
            let (page, next) = world.live(cursor.as_ref(), limit).await.unwrap();
            found.extend(page);
            let Some(next) = next else { break };
            cursor = Some(next.to_string().parse().unwrap());
        }
        found.sort();
        assert_eq!(found, expected, "limit {limit}");
    }
}

#[test]
fn cursors_of_others_are_refused() {
    for text in ["", "0", "zz", "00", &"0".repeat(43), &"ä".repeat(22), &"+1".repeat(22)] {
        assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text}");
    }
    assert!("0f".repeat(22).parse::<Cursor>().is_ok());
}

/// However many runs there are, a list is answered from about as many reads as it shows.
#[tokio::test]
async fn rare_and_common_conditions_are_walked_alike() {
    let world = World::new().await;
    for number in 0..6_000 {
        let run = world.begin(["a", "b"][number as usize % 2], "everybody", number).await;
        // Every run of "b" fails, and few of "a".
        if number % 1000 == 0 || number % 2 == 1 {
            world.set_status(run, number, RunStatus::Failed).await;
        }
        if number % 1500 == 0 {
            world.set_status(run, number, RunStatus::NeedsAttention).await;
        }
    }
    let check = async |status, expected: usize| {
        let workflow = Some("a".to_owned());
        let filter = Filter { workflow, status: Some(status), ..Filter::default() };
        let mut walk = Walk { conditions: filter.conditions(), bound: filter.start(), looks: 0 };
        let mut found = 0;
        while let Step::Found(_) = walk.next(&world.log).await.unwrap() {
            found += 1;
        }
        assert_eq!(found, expected, "{status}");
        assert!(walk.looks < 100, "{status}: {} places were looked at", walk.looks);
    };
    check(RunStatus::Failed, 4).await;
    check(RunStatus::NeedsAttention, 4).await;
    check(RunStatus::Succeeded, 0).await;
}

/// Conditions that hardly ever meet cost bounded work a page, and nothing is left out.
#[tokio::test]
async fn a_tiring_list_goes_on_with_the_next_page() {
    let world = World::new().await;
    let mut oldest = None;
    for number in 0..LOOKS_MAX + 2000 {
        let run = world.begin(["a", "b"][number % 2], "everybody", number as i64).await;
        // Runs of "a" wait and those of "b" are queued, but for the oldest one.
        if number % 2 == usize::from(number == 1) {
            world.set_status(run, 0, RunStatus::Waiting).await;
        }
        if number == 1 {
            oldest = Some(run);
        }
    }
    let (workflow, status) = (Some("b".to_owned()), Some(RunStatus::Waiting));
    let filter = Filter { workflow, status, ..Filter::default() };
    let first = world.list(&filter, None, 10).await.unwrap();
    assert!(first.runs.is_empty() && first.next.is_some());
    assert_eq!(all_pages(&world, &filter, 10).await, Vec::from_iter(oldest));
}
