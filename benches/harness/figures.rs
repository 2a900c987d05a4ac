//! Numbers over several rounds.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// The middle of some figures, and how far they lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// None of nothing.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let (min, max) = (*figures.first()?, *figures.last()?);
        let middle = figures.len() / 2;
        let median = match figures.len() % 2 {
            1 => figures[middle],
            _ => f64::midpoint(figures[middle - 1], figures[middle]),
        };
        Some(Self { median, min, max })
    }

    pub(crate) fn json(self) -> Value {
        json!({ "median": self.median, "min": self.min, "max": self.max })
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, min, max } = *self;
        if min.total_cmp(&max).is_eq() {
            return f.write_str(&short(median));
        }
        write!(f, "{} ({}–{})", short(median), short(min), short(max))
    }
}

/// Three digits that matter.
pub(crate) fn short(figure: f64) -> String {
    match figure.abs() {
        100_000.0.. => format!("{:.0} k", figure / 1000.0),
        1000.0.. => format!("{:.1} k", figure / 1000.0),
        100.0.. => format!("{figure:.0}"),
        10.0.. => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The figure that this share of sorted ones does not exceed.
pub(crate) fn percentile(sorted: &[Duration], share: f64) -> Option<Duration> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share).round() as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_names_the_middle() {
        let check = |figures: &[f64], shown: &str| {
            let spread = Spread::of(figures.iter().copied()).unwrap();
            assert_eq!(spread.to_string(), shown);
        };
        check(&[7.0], "7.00");
        check(&[30.0, 1.0, 20.0], "20.0 (1.00–30.0)");
        check(&[1000.0, 3000.0], "2.0 k (1.0 k–3.0 k)");
        assert!(Spread::of([]).is_none());
    }

    #[test]
    fn a_percentile_is_one_of_the_figures() {
        let figures: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&figures, 0.5), Some(Duration::from_millis(51)));
        assert_eq!(percentile(&figures, 0.99), Some(Duration::from_millis(99)));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
