//! `homerealm simulate`: the simulated Entra in front of any identity provider.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::sync::State;
use anyhow::bail;
use homerealm::{
    config::Config,
    entra::Tenants,
    observe::{LogFormat, start_logging},
    simulate::{Simulation, tenant_file},
};
use tracing::level_filters::LevelFilter;

/// Serve the simulated Entra against the identity providers that a tenant's file names
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The tenants: domains, federations, users, policies
    #[arg(long, value_name = "FILE", required_unless_present = "from_directory")]
    tenant: Option<PathBuf>,
    /// Fill the first tenant from the directory of this configuration, as the sync would; without
    /// --tenant its domains are those of [sync], federated with this configuration's server
    #[arg(long, value_name = "CONFIG")]
    from_directory: Option<PathBuf>,
    /// Where to listen; port 0 lets the system choose one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8444")]
    listen: SocketAddr,
    /// Resolve no email of a foreign domain at a tenanted address, which the real Entra does not promise
    /// to do
    #[arg(long)]
    no_email_resolution: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let written = arguments.tenant.as_deref().map(tenant_file::read);
    let written = written.transpose()?;
    start_logging(LogFormat::Text, LevelFilter::INFO)?;
    super::runtime()?.block_on(async {
        let tenants = match (&arguments.from_directory, written) {
            (Some(config), written) => synchronised(config, written).await?,
            (None, Some(written)) => written,
            (None, None) => bail!("which tenant? Name --tenant FILE, or --from-directory CONFIG"),
        };
        let resolve = !arguments.no_email_resolution;
        let simulation = Simulation::start(tenants, arguments.listen, resolve).await?;
        let ca = std::env::temp_dir().join("homerealm-simulate-ca.pem");
        std::fs::write(&ca, simulation.ca_pem())?;
        println!("{}", simulation.url());
        eprintln!(
            "Open the address above in a browser (it warns once, since the certificate was made\n\
             just now; the CA is {}).\n\
             The identity provider has to know the entity ID {}\n\
             and the assertion consumer service {}\n\
             Ctrl-C ends the simulator.",
            ca.display(),
            simulation.simulator().audience(),
            simulation.simulator().assertion_consumer_service(),
        );
        tokio::signal::ctrl_c().await?;
        simulation.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// The tenants after a sync from the directory of this configuration, by the same derivation as
/// `sync plan` and `sync rules`.
async fn synchronised(config: &Path, written: Option<Tenants>) -> anyhow::Result<Tenants> {
    let config = Config::read(config)?;
    let held = written.as_ref().map(Tenants::first);
    let plan = super::sync::read(&config, held, &mut State::default()).await?;
    super::sync::tell(&plan);
    let tenant = super::sync::tenant(&config, &plan, written.as_ref())?;
    Ok(match written {
        Some(written) => written.with(tenant)?,
        None => Tenants::from(tenant),
    })
}
