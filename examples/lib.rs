//! Programs that embed Tenure, and small projects to copy.
//!
//! `embed.rs` runs workflows inside another program; `connector_alone.rs` uses a connector
//! without any workflow. Each directory beside them is a project with a README.
