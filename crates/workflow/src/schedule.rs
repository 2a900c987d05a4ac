//! When the clock starts a workflow.
//!
//! Time zones come from the database this program was built with, never from the machine:
//! the same file means the same instants everywhere. Where clocks change, a time that does not
//! exist is taken at the first instant after the gap, and one that exists twice is taken once.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use tenure_language::did_you_mean;

/// Shortest interval.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
/// Longest interval.
const INTERVAL_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// Longest pattern that is looked at.
const PATTERN_LENGTH_MAX: usize = 200;
/// Where the search for a first start begins; any fixed instant would do.
const SEARCH_START: Timestamp = Timestamp::constant(1_704_067_200, 0);

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// When the clock starts a workflow.
#[derive(Debug, Clone)]
pub struct Schedule(Rule);

#[derive(Debug, Clone)]
enum Rule {
    Cron { pattern: String, cron: Box<Cron>, zone: Zone },
    Every(Duration),
    At(Timestamp),
}

#[derive(Debug, Clone)]
struct Zone {
    name: String,
    zone: TimeZone,
}

/// Why a schedule cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The pattern is not one.
    #[error("cron pattern \"{pattern}\" is not valid")]
    Pattern {
        /// As written.
        pattern: String,
        /// What the parser says.
        source: CronError,
    },
    /// The pattern names a day that no calendar has.
    #[error("cron pattern \"{pattern}\" never comes")]
    Never {
        /// As written.
        pattern: String,
    },
    /// No time zone has this name.
    #[error("time zone \"{name}\" does not exist")]
    Zone {
        /// As written.
        name: String,
        /// What may have been meant.
        hint: Option<String>,
    },
    /// The interval is too short or too long.
    #[error("interval lies outside 1s and 366d")]
    Interval,
    /// The instant is not one.
    #[error("instant \"{text}\" is not a date and time")]
    Instant {
        /// As written.
        text: String,
    },
    /// The instant falls into a gap of its time zone.
    #[error("instant \"{text}\" does not exist or exists twice in its time zone")]
    Ambiguous {
        /// As written.
        text: String,
    },
}

impl ScheduleError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Pattern { pattern, .. } => {
                Some(format!("{}: {FIELD_LIST}, such as \"30 8 * * 1-5\"", fault_of(pattern)))
            }
            Self::Never { .. } => Some("no year has such a day".to_owned()),
            Self::Zone { hint, .. } => Some(hint.clone().unwrap_or_else(|| {
                "zones are named like Europe/Berlin, America/New_York or UTC".to_owned()
            })),
            Self::Interval => None,
            Self::Instant { .. } => Some(
                "write 2026-03-01T09:00:00+01:00, or 2026-03-01T09:00 with a timezone beside it"
                    .to_owned(),
            ),
            Self::Ambiguous { .. } => Some("give the offset: 2026-10-25T02:30:00+02:00".to_owned()),
        }
    }
}

/// The five fields of a pattern, in order.
const FIELDS: [&str; 5] = ["minute", "hour", "day of the month", "month", "day of the week"];
const FIELD_LIST: &str = "minute, hour, day of the month, month, day of the week";

/// Which part of a pattern keeps it from being one.
fn fault_of(pattern: &str) -> String {
    let parts: Vec<&str> = pattern.split_whitespace().collect();
    if parts.len() != FIELDS.len() {
        return format!("it has {} fields, and five are read", parts.len());
    }
    let wrong = parts.iter().enumerate().zip(FIELDS).find(|((number, part), _)| {
        let mut alone = ["*"; FIELDS.len()];
        if let Some(field) = alone.get_mut(*number) {
            *field = part;
        }
        parser().parse(&alone.join(" ")).is_err()
    });
    match wrong {
        Some(((_, part), field)) => format!("\"{part}\" is no {field}; the fields are"),
        None => "the fields are".to_owned(),
    }
}

fn parser() -> CronParser {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build()
}

impl Schedule {
    /// Starts whenever the wall clock of a time zone matches.
    ///
    /// Five fields, names of months and weekdays, `L`, `W`, `#`, and `@daily` and its kin.
    pub fn cron(pattern: &str, timezone: Option<&str>) -> Result<Self, ScheduleError> {
        let zone = Zone::named(timezone.unwrap_or("UTC"))?;
        let invalid = |source| ScheduleError::Pattern { pattern: shortened(pattern), source };
        if pattern.len() > PATTERN_LENGTH_MAX {
            return Err(invalid(CronError::InvalidPattern("pattern is too long".to_owned())));
        }
        let cron = parser().parse(pattern).map_err(invalid)?;
        let schedule =
            Self(Rule::Cron { pattern: pattern.trim().to_owned(), cron: Box::new(cron), zone });
        match schedule.next_after(SEARCH_START) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never { pattern: shortened(pattern) }),
        }
    }

    /// Starts again and again, at multiples of an interval since 1970 in UTC.
    ///
    /// Counting from a fixed instant keeps the beat over restarts.
    pub fn every(interval: Duration) -> Result<Self, ScheduleError> {
        if (INTERVAL_MIN..=INTERVAL_MAX).contains(&interval) {
            Ok(Self(Rule::Every(interval)))
        } else {
            Err(ScheduleError::Interval)
        }
    }

    /// Starts once.
    ///
    /// Without an offset in the text, it is the wall clock of the time zone.
    pub fn at(text: &str, timezone: Option<&str>) -> Result<Self, ScheduleError> {
        let zone = Zone::named(timezone.unwrap_or("UTC"))?;
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(Self(Rule::At(instant)));
        }
        let wall: DateTime =
            text.parse().map_err(|_| ScheduleError::Instant { text: shortened(text) })?;
        zone.zone
            .to_ambiguous_timestamp(wall)
            .unambiguous()
            .map(|instant| Self(Rule::At(instant)))
            .map_err(|_| ScheduleError::Ambiguous { text: shortened(text) })
    }

    /// The first start after an instant, never that instant itself.
    #[must_use]
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        match &self.0 {
            Rule::Cron { cron, zone, .. } => cron
                .find_next_occurrence(&instant.to_zoned(zone.zone.clone()), false)
                .ok()
                .map(|start| start.timestamp()),
            Rule::Every(interval) => {
                let interval = i128::try_from(interval.as_nanos()).ok()?;
                let beats = instant.as_nanosecond().div_euclid(interval);
                Timestamp::from_nanosecond((beats + 1) * interval).ok()
            }
            Rule::At(start) => (*start > instant).then_some(*start),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::Cron { pattern, zone, .. } => write!(f, "cron \"{pattern}\" in {}", zone.name),
            Rule::Every(interval) => match SignedDuration::try_from(*interval) {
                Ok(interval) => write!(f, "every {interval:#}"),
                Err(_) => write!(f, "every {interval:?}"),
            },
            Rule::At(start) => write!(f, "at {start}"),
        }
    }
}

impl Zone {
    fn named(name: &str) -> Result<Self, ScheduleError> {
        match ZONES.get(name) {
            Ok(zone) => Ok(Self { name: name.to_owned(), zone }),
            Err(_) => {
                let names: Vec<String> = ZONES.available().map(|name| name.to_string()).collect();
                let hint = did_you_mean(name, names.iter().map(String::as_str));
                Err(ScheduleError::Zone { name: shortened(name), hint })
            }
        }
    }
}

/// Keeps a message to a line.
fn shortened(text: &str) -> String {
    const LENGTH: usize = 60;
    if text.chars().count() <= LENGTH {
        return text.to_owned();
    }
    text.chars().take(LENGTH).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schedule: Result<Schedule, ScheduleError>, after: &str, starts: &[&str]) {
        let schedule = schedule.unwrap();
        let mut at: Timestamp = after.parse().unwrap();
        for (number, expected) in starts.iter().enumerate() {
            let next = schedule.next_after(at).unwrap_or_else(|| panic!("no start {number}"));
            assert_eq!(next.to_string(), *expected, "start {number} of {schedule}");
            at = next;
        }
    }

    #[track_caller]
    fn refuse(schedule: Result<Schedule, ScheduleError>, message: &str, hint: &str) {
        let error = schedule.unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(error.hint().unwrap_or_default(), hint);
    }

    #[test]
    fn patterns_follow_the_wall_clock_of_their_zone() {
        check(
            Schedule::cron("30 8 * * 1-5", None),
            "2026-01-02T09:00:00Z",
            &["2026-01-05T08:30:00Z", "2026-01-06T08:30:00Z"],
        );
        check(
            Schedule::cron("0 9 * * *", Some("Europe/Berlin")),
            "2026-03-27T12:00:00Z",
            &["2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z"],
        );
        check(Schedule::cron("@daily", None), "2026-01-01T00:00:00Z", &["2026-01-02T00:00:00Z"]);
        check(
            Schedule::cron("0 0 29 2 *", None),
            "2026-01-01T00:00:00Z",
            &["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"],
        );
    }

    #[test]
    fn changing_clocks_neither_lose_nor_repeat_a_start() {
        check(
            Schedule::cron("30 2 * * *", Some("Europe/Berlin")),
            "2026-03-28T12:00:00Z",
            &["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
        );
        check(
            Schedule::cron("30 2 * * *", Some("Europe/Berlin")),
            "2026-10-24T12:00:00Z",
            &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
        );
    }

    #[test]
    fn intervals_keep_their_beat() {
        let hour = Duration::from_secs(3600);
        check(
            Schedule::every(hour),
            "2026-01-01T10:17:00Z",
            &["2026-01-01T11:00:00Z", "2026-01-01T12:00:00Z"],
        );
        check(Schedule::every(hour), "1969-12-31T23:30:00Z", &["1970-01-01T00:00:00Z"]);
    }

    #[test]
    fn an_instant_comes_once() {
        check(
            Schedule::at("2026-03-01T09:00", Some("Europe/Berlin")),
            "2026-01-01T00:00:00Z",
            &["2026-03-01T08:00:00Z"],
        );
        check(
            Schedule::at("2026-03-01T09:00:00-05:00", None),
            "2026-01-01T00:00:00Z",
            &["2026-03-01T14:00:00Z"],
        );
        let past = Schedule::at("2026-03-01T09:00", None).unwrap();
        assert_eq!(past.next_after("2026-03-01T09:00:00Z".parse().unwrap()), None);
    }

    #[test]
    fn what_cannot_be_is_refused_with_a_hint() {
        refuse(
            Schedule::cron("0 0 30 2 *", None),
            "cron pattern \"0 0 30 2 *\" never comes",
            "no year has such a day",
        );
        refuse(
            Schedule::cron("0 9 * *", None),
            "cron pattern \"0 9 * *\" is not valid",
            "it has 4 fields, and five are read: minute, hour, day of the month, month, day of the week, such as \"30 8 * * 1-5\"",
        );
        refuse(
            Schedule::cron("0 25 * * *", None),
            "cron pattern \"0 25 * * *\" is not valid",
            "\"25\" is no hour; the fields are: minute, hour, day of the month, month, day of the week, such as \"30 8 * * 1-5\"",
        );
        refuse(
            Schedule::cron("0 9 * * *", Some("Europe/Berln")),
            "time zone \"Europe/Berln\" does not exist",
            "did you mean \"Europe/Berlin\"?",
        );
        refuse(Schedule::every(Duration::from_millis(10)), "interval lies outside 1s and 366d", "");
        refuse(
            Schedule::at("tomorrow", None),
            "instant \"tomorrow\" is not a date and time",
            "write 2026-03-01T09:00:00+01:00, or 2026-03-01T09:00 with a timezone beside it",
        );
        refuse(
            Schedule::at("2026-10-25T02:30", Some("Europe/Berlin")),
            "instant \"2026-10-25T02:30\" does not exist or exists twice in its time zone",
            "give the offset: 2026-10-25T02:30:00+02:00",
        );
    }

    #[test]
    fn a_schedule_says_what_it_is() {
        let shown = |schedule: Result<Schedule, ScheduleError>| schedule.unwrap().to_string();
        assert_eq!(
            shown(Schedule::cron("0 9 * * 1", Some("Asia/Tokyo"))),
            "cron \"0 9 * * 1\" in Asia/Tokyo"
        );
        assert_eq!(shown(Schedule::every(Duration::from_secs(5400))), "every 1h 30m");
        assert_eq!(shown(Schedule::at("2026-03-01T09:00Z", None)), "at 2026-03-01T09:00:00Z");
    }
}
