//! An ordered key-value store with atomic, checked, durable batches.
