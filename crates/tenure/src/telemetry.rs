//! Logs to the error stream, traces to a collector.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tenure_connector::Injector;
use tracing_subscriber::filter::{EnvFilter, LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::{Config, LogFormat, Origin};
use crate::error::CommandError;
use crate::terminal::stderr_has_colours;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
/// How long the last traces may take to be sent.
const SHUTDOWN_MAX: Duration = Duration::from_secs(5);

/// Logs and traces, until [`Telemetry::shutdown`].
#[derive(Debug)]
pub(crate) struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

/// Who looks at the log when nobody has chosen a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The log is what the program shows.
    Operator,
    /// The screen tells what happens; the log only what it cannot.
    Screen,
}

impl Telemetry {
    /// Starts logging, and tracing if the environment names a collector.
    pub(crate) fn start(config: &Config, audience: Audience) -> Result<Self, CommandError> {
        let level = match (&config.log_level.origin, audience) {
            // What the file says is meant for the daemon; here it would tear the screen.
            (Origin::Default | Origin::File { .. }, Audience::Screen) => "error",
            _ => &config.log_level.value,
        };
        let filter = EnvFilter::try_new(level)
            .map_err(|error| CommandError::usage("log.level is not usable").caused_by(&error))?;
        let log = match config.log_format.value {
            LogFormat::Human => {
                let layer = fmt::layer().with_writer(std::io::stderr);
                layer.with_ansi(stderr_has_colours()).with_target(false).boxed()
            }
            LogFormat::Json => {
                let layer = fmt::layer().with_writer(std::io::stderr).json();
                layer.flatten_event(true).with_current_span(true).with_span_list(false).boxed()
            }
        };
        let traces =
            if is_set(ENDPOINT) || is_set(TRACES_ENDPOINT) { Some(traces()?) } else { None };
        // The exporter's own connections must not become traces that are exported in turn.
        let own = Targets::new().with_target("tenure", LevelFilter::INFO);
        let tracer = traces.as_ref().map(|provider| provider.tracer("tenure"));
        let traced = tracer
            .map(|tracer| tracing_opentelemetry::layer().with_tracer(tracer).with_filter(own));
        tracing_subscriber::registry()
            .with(log.with_filter(filter))
            .with(traced)
            .try_init()
            .map_err(|error| {
                CommandError::failed("logging could not be started").caused_by(&error)
            })?;
        Ok(Self { traces })
    }

    /// Makes the `traceparent` that an attempt sends; none while nothing is traced.
    pub(crate) fn injector(&self) -> Option<Injector> {
        self.traces.as_ref()?;
        Some(Arc::new(tenure_engine::traceparent))
    }

    /// Sends what is left.
    pub(crate) async fn shutdown(self) {
        let Some(traces) = self.traces else { return };
        // The batch thread is joined, which would block the executor.
        let ended = tokio::task::spawn_blocking(move || traces.shutdown_with_timeout(SHUTDOWN_MAX));
        if let Ok(Err(error)) = ended.await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the last traces may not have been sent");
        }
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn traces() -> Result<SdkTracerProvider, CommandError> {
    let exporter = SpanExporter::builder().with_http().build().map_err(|error| {
        CommandError::usage("traces cannot be exported")
            .caused_by(&error)
            .hint(format!("{ENDPOINT} is an address such as http://127.0.0.1:4318"))
    })?;
    let mut resource = Resource::builder();
    if !is_set("OTEL_SERVICE_NAME") {
        resource = resource.with_service_name("tenure");
    }
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build())
        .build())
}
