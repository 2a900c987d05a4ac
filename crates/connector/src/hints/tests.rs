use proptest::prelude::*;

use super::*;

const NOW: &str = "2026-05-01T10:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn seconds(value: u64) -> Option<Duration> {
    Some(Duration::from_secs(value))
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    for (value, expect) in [
        ("0", seconds(0)),
        ("120", seconds(120)),
        (" 7 ", seconds(7)),
        ("1.5", Some(Duration::from_millis(1500))),
        ("Fri, 01 May 2026 10:00:30 GMT", seconds(30)),
        ("Friday, 01-May-26 10:00:30 GMT", seconds(30)),
        ("Fri May  1 10:00:30 2026", seconds(30)),
        ("2026-05-01T10:05:00Z", seconds(300)),
        ("Fri, 01 May 2026 09:00:00 GMT", seconds(0)),
        ("99999999999999999", seconds(86_400)),
        ("-5", None),
        ("soon", None),
        ("inf", None),
        ("1e9", None),
        ("", None),
    ] {
        assert_eq!(retry_after(value, now()), expect, "{value:?}");
    }
}

#[test]
fn reset_is_read_by_shape() {
    let epoch = now().as_second();
    for (value, expect) in [
        ("30".to_owned(), seconds(30)),
        ("0.25".to_owned(), Some(Duration::from_millis(250))),
        ((epoch + 45).to_string(), seconds(45)),
        (((epoch + 45) * 1000).to_string(), seconds(45)),
        ((epoch - 45).to_string(), seconds(0)),
        ("2026-05-01T10:01:00Z".to_owned(), seconds(60)),
        ("2026-05-01T10:01Z".to_owned(), seconds(60)),
        ("2026-05-01T12:01+02:00".to_owned(), seconds(60)),
        ("Fri, 01 May 2026 10:02:00 GMT".to_owned(), seconds(120)),
        ("6m0s".to_owned(), seconds(360)),
        ("99999999999999999999".to_owned(), None),
        ("tomorrow".to_owned(), None),
        (String::new(), None),
    ] {
        assert_eq!(reset(&value, now()), expect, "{value:?}");
    }
}

fn check(headers: &[(&'static str, &str)], expect: Advice) {
    let map = headers
        .iter()
        .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
        .collect();
    assert_eq!(advice(&map, now()), expect, "{headers:?}");
}

#[test]
fn vendors_and_drafts_are_understood() {
    let epoch = (now().as_second() + 60).to_string();
    let exhausted = |reset| Advice { retry_after: None, exhausted: true, reset };
    check(&[], Advice::default());
    // Okta, GitHub, GitLab
    check(
        &[("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", &epoch)],
        exhausted(seconds(60)),
    );
    check(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &epoch)], exhausted(seconds(60)));
    check(&[("ratelimit-remaining", "0"), ("ratelimit-reset", &epoch)], exhausted(seconds(60)));
    // Jira
    check(
        &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "2026-05-01T10:01Z")],
        exhausted(seconds(60)),
    );
    // Drafts to -06: a span under the same name
    check(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "60")], exhausted(seconds(60)));
    check(&[("ratelimit", "limit=100, remaining=0, reset=60")], exhausted(seconds(60)));
    // Draft -11
    check(&[("ratelimit", r#""default";r=0;t=60"#)], exhausted(seconds(60)));
    check(&[("ratelimit", r#""a";r=0;t=5, "b";r=0;t=60, "c";r=9;t=900"#)], exhausted(seconds(60)));
    check(
        &[
            ("ratelimit", r#""day";r=0"#),
            ("ratelimit-policy", r#""hour";q=10;w=9, "day";q=100;w=60"#),
        ],
        exhausted(seconds(60)),
    );
    check(&[("ratelimit", r#""default";r=50;t=30"#)], Advice::default());
    // Something is left: the reset is known, nobody need wait
    let left = Advice { retry_after: None, exhausted: false, reset: seconds(60) };
    check(&[("x-ratelimit-remaining", "12"), ("x-ratelimit-reset", &epoch)], left);
    assert_eq!((left.wait(429), left.wait(502), left.pause()), (seconds(60), None, None));
    assert_eq!(exhausted(seconds(60)).wait(502), seconds(60));
    assert_eq!(exhausted(seconds(60)).pause(), seconds(60));
}

#[test]
fn dates_are_measured_against_the_services_own_clock() {
    let an_hour_behind = [
        ("date", "Fri, 01 May 2026 09:00:00 GMT"),
        ("retry-after", "Fri, 01 May 2026 09:00:30 GMT"),
    ];
    check(&an_hour_behind, Advice { retry_after: seconds(30), ..Advice::default() });
}

proptest! {
    #[test]
    fn any_text_gives_a_bounded_answer(value in "\\PC*", digits in "[0-9.]{0,25}") {
        for text in [&value, &digits] {
            for answer in [retry_after(text, now()), reset(text, now())] {
                prop_assert!(answer.unwrap_or_default() <= WAIT_MAX);
            }
            let quota = rate_limit(text, Some(text));
            prop_assert!(quota.reset.unwrap_or_default() <= WAIT_MAX);
        }
    }
}
