//! What every run did, kept.
