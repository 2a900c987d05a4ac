//! Times and durations as people say them.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A duration in at most two units.
pub(crate) fn took(duration: Duration) -> String {
    let millis = duration.as_millis();
    match duration.as_secs() {
        0 => format!("{millis} ms"),
        1..60 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        seconds @ 60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        seconds @ 3600..86_400 => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
        seconds => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// How long ago something was, in one unit.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs().max(0);
    match seconds {
        0..5 => "just now".to_owned(),
        5..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// The time of day here, with the date when it is another day.
pub(crate) fn clock_time(at: Timestamp, now: Timestamp) -> String {
    let zone = TimeZone::system();
    let there = at.to_zoned(zone.clone());
    if there.date() == now.to_zoned(zone).date() {
        there.strftime("%H:%M:%S").to_string()
    } else {
        there.strftime("%Y-%m-%d %H:%M").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_at_most_two_units() {
        let check = |millis, expected| assert_eq!(took(Duration::from_millis(millis)), expected);
        check(0, "0 ms");
        check(999, "999 ms");
        check(1_000, "1.0 s");
        check(59_999, "59.9 s");
        check(61_000, "1 min 01 s");
        check(3_661_000, "1 h 01 min");
        check(90_000_000, "1 d 1 h");
    }

    #[test]
    fn a_time_to_come_is_now() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        assert_eq!(ago(at(100), at(50)), "just now");
        assert_eq!(ago(at(100), at(130)), "30 s ago");
        assert_eq!(ago(at(0), at(7200)), "2 h ago");
    }
}
