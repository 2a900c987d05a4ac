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
    ), @"");
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
    ), @"");
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
    ), @"");
}

#[test]
fn nothing_starts_it() {
    assert_snapshot!(problems(
        r##"
name: joiner
steps: [{ id: a, wait: 1d }]
"##,
    ), @"");
}

