//! Small real HTTP services to try workflows on.
