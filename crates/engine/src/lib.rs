//! Turns events into runs and drives each to its end.
