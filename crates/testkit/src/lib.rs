//! Worlds for tests: scripted services, paused clocks, crashing stores.
