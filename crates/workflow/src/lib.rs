//! What people write, checked into a plan.
