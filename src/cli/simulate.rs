//! `homerealm simulate`: the simulated Entra in front of any identity provider.

mod registered;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use homerealm::{
    entra::{SamlBinding, Tenants},
    observe::{LogFormat, start_logging},
    simulate::{
        SimulateError, Simulation,
        scenario::{self, Scenario, Settings},
    },
};
use tracing::level_filters::LevelFilter;

/// Serve the simulated Entra against an identity provider, as a tenant's file or its metadata describes it
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    registered: registered::Registered,
    /// Where to listen; port 0 lets the system choose one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8444")]
    listen: SocketAddr,
    /// Resolve no email of a foreign domain at a tenanted address, which the real Entra does not promise
    /// to do
    #[arg(long)]
    no_email_resolution: bool,
    /// Send requests by SAML 2.0 over HTTP-Redirect, where the real Entra posts them
    #[arg(long)]
    saml_redirect: bool,
    /// Take the steps of this file without a screen, and exit 0 only if each came to what it had to
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// With --scenario: write what came of it to this file, as JSON
    #[arg(long, value_name = "FILE", requires = "scenario")]
    json: Option<PathBuf>,
    /// With --scenario: write it to this file as XML test results, for CI servers
    #[arg(long, value_name = "FILE", requires = "scenario")]
    junit: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let registered = &arguments.registered;
    if let Some(file) = &arguments.scenario {
        let mut scenario = scenario::read(file)?;
        if let Some(email) = &registered.email {
            scenario.person.name = email.to_string();
        }
        if let Some(ca) = &registered.ca {
            scenario.browser.ca = Some(ca.clone());
        }
        return super::runtime()?.block_on(async {
            let tenants = registered.tenants(&scenario.browser).await?;
            run_scenario(arguments, tenants, &scenario).await
        });
    }
    start_logging(LogFormat::Text, LevelFilter::INFO)?;
    super::runtime()?.block_on(async {
        let browser = Settings {
            ca: registered.ca.clone(),
            ..Settings::default()
        };
        let tenants = registered.tenants(&browser).await?;
        let simulation = start(arguments, tenants).await?;
        let ca = std::env::temp_dir().join("homerealm-simulate-ca.pem");
        std::fs::write(&ca, simulation.ca_pem())?;
        println!("{}", simulation.url());
        eprintln!(
            "Open the address above in a browser (it warns once, since the certificate was made\n\
             just now; the CA is {}).\n\
             The identity provider has to know the entity ID {}\n\
             and the assertion consumer service {}\n\
             (or {}, which has its key for signed requests, too)\n\
             Ctrl-C ends the simulator.",
            ca.display(),
            simulation.simulator().audience(),
            simulation.simulator().assertion_consumer_service(),
            simulation.metadata_url(),
        );
        tokio::signal::ctrl_c().await?;
        simulation.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

async fn start(arguments: &Arguments, tenants: Tenants) -> Result<Simulation, SimulateError> {
    Simulation::start_with(tenants, arguments.listen, |settings| {
        settings.resolve_foreign_email = !arguments.no_email_resolution;
        if arguments.saml_redirect {
            settings.saml_binding = SamlBinding::Redirect;
        }
    })
    .await
}

/// The report is all that is printed; the files are written whatever came of it.
async fn run_scenario(
    arguments: &Arguments,
    tenants: Tenants,
    scenario: &Scenario,
) -> anyhow::Result<ExitCode> {
    let simulation = start(arguments, tenants).await?;
    let report = scenario::run(&simulation, scenario).await;
    simulation.stop().await;
    let report = report?;
    println!("{report}");
    if let Some(file) = &arguments.json {
        std::fs::write(file, serde_json::to_string_pretty(&report)? + "\n")?;
    }
    if let Some(file) = &arguments.junit {
        std::fs::write(file, report.to_junit())?;
    }
    Ok(if report.passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}
