//! Triggers and schedules.

use insta::assert_snapshot;

use super::problems;

#[test]
fn a_trigger_is_one_thing() {
    assert_snapshot!(problems(
        r##"
name: joiner
triggers:
  - {}
  - manual:
  - { manual: {}, event: identity.user.created }
  - { manual: { a: 1 } }
  - { manual: {}, if: "${{ true }}" }
  - { webhook: hris }
  - { evnt: identity.user.created }
  -
steps: [{ id: a, wait: 1d }]
"##,
    ), @r#"
    4:5 error[trigger] this trigger starts nothing
         a trigger is one of `event: TYPE`, `manual: {}` and `schedule: { … }`
    6:5 error[trigger] this is several triggers at once
         begin each with a `-` of its own
    7:17 error[unknown-key] unknown key "a"
    8:19 error[misplaced-key] "if" belongs to `event`
         elsewhere, let the first step be a `stop` with an `if`
    9:7 error[not-yet] "webhook" is not part of this version of Tenure
         until then, let the other side send an event to `tenure serve`
    10:7 error[unknown-key] unknown key "evnt"
         did you mean "event"?
    11:4 error[trigger] this trigger is empty
    "#);
}

#[test]
fn event_types_are_known_or_custom() {
    assert_snapshot!(problems(
        r##"
name: joiner
triggers:
  - event: identity.user.*
  - event: custom.badge.printed
  - event: identity.user.craeted
  - event: identty.user.created
  - event: identity.person.*
  - event: "*.created"
  - event: ""
steps: [{ id: a, wait: 1d }]
"##,
    ), @r#"
    6:12 warning[event-type] no identity source sends "identity.user.craeted"
         did you mean "identity.user.created"?
    7:12 warning[event-type] no identity source sends "identty.user.created"
         did you mean "identity.user.created"?
    8:12 warning[event-type] no identity source sends "identity.person.*"
    9:12 error[event-type] "*.created" is not an event type
         a type is like `identity.user.created`; a `*` at its end stands for any rest
    10:12 error[event-type] "" is not an event type
         a type is like `identity.user.created`; a `*` at its end stands for any rest
    "#);
}

#[test]
fn schedules_come() {
    assert_snapshot!(problems(
        r##"
name: joiner
triggers:
  - schedule: { cron: "30 8 * * 1-5", timezone: Europe/Berlin }
  - schedule: { every: 90m }
  - schedule: { at: "2026-03-01T09:00:00Z" }
  - schedule: {}
  - schedule: { cron: "30 25 * * *" }
  - schedule: { cron: "0 0 30 2 *" }
  - schedule: { cron: "0 8 * * *", timezone: Europe/Berln }
  - schedule: { cron: "0 8 * * *", every: 1h }
  - schedule: { every: 1h, timezone: UTC }
  - schedule: { every: hourly }
  - schedule: { every: 1ms }
  - schedule: { at: noon }
  - schedule: { cron: "0 8 * * *", catch_up: all }
  - schedule: 1h
steps: [{ id: a, wait: 1d }]
"##,
    ), @r#"
    4:5 warning[not-yet] schedules are checked, but nothing starts them in this version
         add `- manual: {}`, and let cron start it: `tenure run <workflow>`
    7:15 error[schedule] this schedule never comes
         say when: `cron: "30 8 * * 1-5"`, `every: 1h` or `at: 2026-03-01T09:00Z`
    8:23 error[schedule] cron pattern "30 25 * * *" is not valid
         "25" is no hour; the fields are: minute, hour, day of the month, month, day of the week, such as "30 8 * * 1-5"
    9:23 error[schedule] cron pattern "0 0 30 2 *" never comes
         no year has such a day
    10:46 error[schedule] time zone "Europe/Berln" does not exist
         did you mean "Europe/Berlin"?
    11:15 error[schedule] a schedule has one of `cron`, `every` and `at`
         write one trigger for each
    12:28 error[misplaced-key] "timezone" means nothing to `every`: intervals are counted in UTC
    13:24 error[duration] "hourly" is not a duration; write a number and a unit, such as 500ms, 20s, 5m, 3d, 2w or 1h30m
    14:24 error[schedule] interval lies outside 1s and 366d
    15:21 error[schedule] instant "noon" is not a date and time
         write 2026-03-01T09:00:00+01:00, or 2026-03-01T09:00 with a timezone beside it
    16:36 error[not-yet] "catch_up" is not part of this version of Tenure
    17:15 error[wrong-type] "schedule": expected a map, found text
         write `schedule: { every: 1h }`
    "#);
}

#[test]
fn nothing_starts_it() {
    assert_snapshot!(problems(
        r##"
name: joiner
steps: [{ id: a, wait: 1d }]
"##,
    ), @"
    2:1 warning[no-triggers] nothing starts this workflow
         add `triggers:` with `- manual: {}` or `- event: identity.user.created`
    ");
}
