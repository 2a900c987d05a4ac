//! Lengths of time as people write them.

use std::time::Duration;

use thiserror::Error;

/// Longest duration: ten years of 365 days.
const DURATION_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

const UNITS: [(&str, u64); 6] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
];

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DurationError {
    /// Not a number with a unit.
    #[error(
        "{text:?} is not a duration; write a number and a unit, such as 500ms, 20s, 5m, 3d, 2w or 1h30m"
    )]
    Form {
        /// As written, shortened.
        text: String,
    },
    /// The units do not get smaller, or one comes twice.
    #[error(
        "{text:?} is not a duration; the larger unit comes first and each at most once, as in 1h30m"
    )]
    Order {
        /// As written, shortened.
        text: String,
    },
    /// Longer than ten years.
    #[error("{text:?} is longer than ten years")]
    TooLong {
        /// As written, shortened.
        text: String,
    },
}

/// Reads a duration such as `500ms`, `20s`, `1h30m`, `7d` or `2w`.
///
/// A duration always carries its unit and is at most ten years.
///
/// # Errors
/// Says what is accepted.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let shown = || text.chars().take(40).collect::<String>();
    let form = || DurationError::Form { text: shown() };
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(form());
    }
    let mut total: u64 = 0;
    let mut smaller_than = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at(letters);
        let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
        let (Some(factor), false) = (factor, number.is_empty()) else { return Err(form()) };
        if factor >= smaller_than {
            return Err(DurationError::Order { text: shown() });
        }
        smaller_than = factor;
        total = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(factor))
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| DurationError::TooLong { text: shown() })?;
        rest = after;
    }
    let duration = Duration::from_millis(total);
    if duration > DURATION_MAX {
        return Err(DurationError::TooLong { text: shown() });
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_write() {
        for (text, millis) in [
            ("500ms", 500),
            ("20s", 20_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("3d", 259_200_000),
            ("2w", 1_209_600_000),
            (" 1s ", 1_000),
            ("0s", 0),
            ("1s500ms", 1_500),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn says_why_not() {
        for (text, part) in [
            ("", "is not a duration"),
            ("5", "a number and a unit"),
            ("5 m", "a number and a unit"),
            ("m5", "a number and a unit"),
            ("-5m", "a number and a unit"),
            ("1.5h", "a number and a unit"),
            ("5min", "a number and a unit"),
            ("30m1h", "larger unit comes first"),
            ("1h1h", "larger unit comes first"),
            ("11000d", "longer than ten years"),
            ("99999999999999999999s", "longer than ten years"),
        ] {
            let message = parse_duration(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = parse_duration(&text);
        }

        #[test]
        fn reads_every_number_of_seconds(seconds in 0u64..315_360_000) {
            prop_assert_eq!(parse_duration(&format!("{seconds}s")), Ok(Duration::from_secs(seconds)));
        }
    }
}
