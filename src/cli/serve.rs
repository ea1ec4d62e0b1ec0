//! `homerealm serve`: runs the identity provider until it is told to stop.

mod descriptors;
mod operations;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use homerealm::{
    config::{Config, RelyingPartyFile, Store, UpstreamFile},
    http::server::{Limits, Server},
    metadata,
    observe::{Metrics, audit, start_logging},
    provider::{self, Ground, HomeParts, Parts},
    signing_keys::SigningKeys,
    web::Operations,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use operations::Apart;

/// Serve the identity provider
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::read(&arguments.config)?;
    audit::start(&config.audit).with_context(|| match &config.audit.file {
        Some(file) => format!("cannot write the audit trail to {}", file.display()),
        None => "cannot write the audit trail".to_owned(),
    })?;
    start_logging(config.log.format, config.log.level)?;
    super::runtime()?.block_on(serve(&config))
}

async fn serve(config: &Config) -> anyhow::Result<ExitCode> {
    let tls = config.listen.tls_config()?;
    let upstreams = config
        .upstreams
        .iter()
        .map(UpstreamFile::load)
        .collect::<Result<Vec<_>, _>>()?;
    let mut upstream_keepers = config.upstream_keepers(&upstreams, false)?;
    let metrics = Arc::new(Metrics::default());
    let _audit = tokio::spawn(audit::watch(metrics.clone()));
    let (keys, signing_keys) = SigningKeys::load(&config.signing, metrics.clone())?;
    let provider = provider::assemble(Parts {
        edge: config.edge.clone(),
        session_lifetime: config.session_lifetime,
        guard: config.guard,
        limits: config.limits.requests,
        corporate_networks: config.corporate_networks.clone(),
        keys,
        relying_parties: config
            .relying_parties
            .iter()
            .map(RelyingPartyFile::load)
            .collect::<Result<_, _>>()?,
        applications: config.applications.clone(),
        domains: config.domains.clone(),
        routes: config.routes.clone(),
        upstreams,
        homes: config
            .directories
            .iter()
            .map(HomeParts::load)
            .collect::<Result<_, _>>()?,
        shared: config.store.as_ref().map(Store::load).transpose()?,
    })?;
    if let Some(store) = &provider.store {
        // So that the first sign-ins do not miss a store that is there.
        store.health.wait(Duration::from_secs(1)).await;
    }

    let mut keepers = config.keepers(false)?;
    metadata::begin(&mut keepers, &provider.trusts).await;
    metadata::begin(&mut upstream_keepers, &()).await;

    let stop = CancellationToken::new();
    let mut server = Server::bind(config.listen.address)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen.address))?
        .with_limits(Limits {
            connections: descriptors::within_reach(config.limits.connections),
            ..Limits::default()
        });
    if let Some(tls) = tls {
        server = server.with_tls(tls);
    }
    let address = server.local_addr()?;
    provider.workload.tell(&metrics);
    let operations = match config.operations {
        None => None,
        Some(address) => {
            let ground = Ground {
                realm: provider.realm,
                store: provider.store,
            };
            let service = Operations::new(Apart::new(ground), metrics);
            Some(operations::serve(address, service, stop.clone())?)
        }
    };
    tracing::info!(%address, base_url = config.edge.base_url, "serving");

    // Installed before anything is served, so that no signal is missed.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let (look, look_now) = mpsc::channel(1);
    let following = tokio::spawn(signing_keys.follow(
        provider.identity_provider.clone(),
        look_now,
        stop.clone(),
    ));
    let keeping = metadata::keep_fresh(keepers, provider.trusts, stop.clone());
    let upstreams = metadata::keep_fresh(upstream_keepers, Arc::new(()), stop.clone());
    let keeping = tokio::spawn(async { tokio::join!(keeping, upstreams) });
    let serving = tokio::spawn(server.serve(provider.identity_provider, stop.clone()));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => {
                audit::reopen();
                // Where one look is asked for already, it is enough.
                let _ = look.try_send(());
            }
        }
    }
    tracing::info!("stopping: requests in flight are finished first");
    stop.cancel();
    serving.await?;
    keeping.await?;
    following.await?;
    if let Some(operations) = operations {
        operations.await?;
    }
    audit::stop();
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
