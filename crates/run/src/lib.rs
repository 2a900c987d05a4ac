//! What has happened to one run, and what happens next.
