//! A small project whose connectors point at a playground.
