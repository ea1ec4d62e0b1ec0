use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer,
    filter::Targets,
    fmt,
    layer::SubscriberExt,
    util::{SubscriberInitExt, TryInitError},
};

use super::audit;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// Starts logging to stderr for the whole process; audit lines, too, unless they go to a file.
///
/// Audit lines are JSON in either format and at any level: they are evidence, not talk. Libraries
/// are heard from warnings up; `level` is for Homerealm itself.
///
/// # Errors
/// When logging was started before.
pub fn start_logging(format: LogFormat, level: LevelFilter) -> Result<(), TryInitError> {
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("homerealm", level);
    let talk = match format {
        LogFormat::Text => fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(false)
            .boxed(),
        LogFormat::Json => fmt::layer()
            .with_writer(io::stderr)
            .json()
            .flatten_event(true)
            .boxed(),
    };
    tracing_subscriber::registry()
        .with(talk.with_filter(targets))
        .try_init()?;
    audit::start_on_stderr();
    Ok(())
}
