//! `homerealm serve`: runs the identity provider until it is told to stop.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context;
use homerealm::{
    config::{Config, ConfigError, RelyingPartyFile},
    http::server::Server,
    metadata,
    observe::start_logging,
    provider::{self, HomeParts, Parts},
    web::Operations,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Serve the identity provider
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::read(&arguments.config)?;
    start_logging(config.log.format, config.log.level)?;
    super::runtime()?.block_on(serve(&config))
}

async fn serve(config: &Config) -> anyhow::Result<ExitCode> {
    let tls = config.listen.tls_config()?;
    let provider = provider::assemble(Parts {
        edge: config.edge.clone(),
        session_lifetime: config.session_lifetime,
        guard: config.guard,
        corporate_networks: config.corporate_networks.clone(),
        keys: config.signing.key_ring()?,
        relying_parties: config
            .relying_parties
            .iter()
            .map(RelyingPartyFile::load)
            .collect::<Result<_, _>>()?,
        applications: config.applications.clone(),
        domains: config.domains.clone(),
        homes: config
            .directories
            .iter()
            .map(|directory| {
                Ok(HomeParts {
                    name: directory.name.clone(),
                    directory: directory.settings()?,
                    mapping: directory.mapping.clone(),
                })
            })
            .collect::<Result<_, ConfigError>>()?,
    })?;

    let mut keepers = config.keepers(false)?;
    metadata::begin(&mut keepers, &provider.trusts).await;

    let stop = CancellationToken::new();
    let mut server = Server::bind(config.listen.address)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen.address))?;
    if let Some(tls) = tls {
        server = server.with_tls(tls);
    }
    let address = server.local_addr()?;
    let operations = match config.operations {
        None => None,
        Some(address) => {
            let server = Server::bind(address)
                .await
                .with_context(|| format!("cannot listen on {address}"))?;
            tracing::info!(address = %server.local_addr()?, "operations");
            let service = Arc::new(Operations::new(provider.realm));
            Some(tokio::spawn(server.serve(service, stop.clone())))
        }
    };
    tracing::info!(%address, base_url = config.edge.base_url, "serving");

    // Installed before anything is served, so that no signal is missed.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let keeping = metadata::keep_fresh(keepers, provider.trusts, stop.clone());
    let keeping = tokio::spawn(keeping);
    let serving = tokio::spawn(server.serve(provider.identity_provider, stop.clone()));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: requests in flight are finished first");
    stop.cancel();
    serving.await?;
    keeping.await?;
    if let Some(operations) = operations {
        operations.await?;
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
