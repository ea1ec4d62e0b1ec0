//! `homerealm demo`: the whole main job on this machine.

use std::{net::SocketAddr, process::ExitCode};

use homerealm::{
    demo::{self, DEMO_PASSWORD, Demo, Report, Setup},
    observe::{LogFormat, start_logging},
};
use tracing::level_filters::LevelFilter;

/// Show the whole main job on this machine: directory, identity provider and Entra simulator
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Where to listen; port 0 lets the system choose one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Sign one partner in, tell each hop, and exit 0 only if the simulated Entra accepted
    #[arg(long)]
    once: bool,
    /// With --once: print one JSON object
    #[arg(long, requires = "once")]
    json: bool,
    /// With --once: who signs in; Wendy unless said otherwise, with --protocol wstrust by her cloud UPN
    #[arg(long, value_name = "EMAIL", requires = "once")]
    user: Option<String>,
    /// By which protocol; without --once, with which one the federation is registered at first
    #[arg(long, value_enum, value_name = "PROTOCOL", default_value_t)]
    protocol: Protocol,
    /// Have the simulated Entra resolve no email of a foreign domain, which the real one does not promise
    /// to do; partners then begin at Homerealm's front door
    #[arg(long)]
    no_email_resolution: bool,
}

impl Arguments {
    fn setup(&self) -> Setup {
        Setup {
            protocol: self.protocol.into(),
            resolve_foreign_email: !self.no_email_resolution,
        }
    }
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Protocol {
    /// A browser, by SAML 2.0
    #[default]
    Saml,
    /// A browser, by WS-Federation
    Wsfed,
    /// An application that asks for the password itself, by WS-Trust, as MSAL does
    Wstrust,
}

impl From<Protocol> for demo::Protocol {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Saml => Self::Saml,
            Protocol::Wsfed => Self::WsFed,
            Protocol::Wstrust => Self::WsTrust,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    super::runtime()?.block_on(async {
        if arguments.once {
            once(arguments).await
        } else {
            serve(arguments).await
        }
    })
}

async fn once(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    // Any port will do for one walk, and two walks at a time do not meet.
    let listen = SocketAddr::new(arguments.listen.ip(), 0);
    let setup = arguments.setup();
    let demo = Demo::start(listen, setup).await?;
    let wendy = setup.protocol.wendy();
    let user = arguments.user.as_deref().unwrap_or(wendy);
    let report = demo.walk(user, DEMO_PASSWORD).await?;
    demo.stop().await;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        narrate(&report);
    }
    Ok(if report.accepted {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(super::FAILED)
    })
}

fn narrate(report: &Report) {
    for (number, hop) in (1..).zip(&report.hops) {
        println!("{number}. {:4} {}  {}", hop.method, hop.to, hop.status);
        println!("   {}\n   -> {}", hop.what, hop.page);
    }
    for check in &report.checks {
        println!("   checked {check}");
    }
    match (&report.cloud_upn, &report.immutable_id, &report.refusal) {
        (Some(upn), Some(id), None) => println!(
            "accepted: {} is signed in as {upn}, ImmutableID {id}",
            report.sign_in_name
        ),
        (_, _, refusal) => println!("not accepted: {}", refusal.as_deref().unwrap_or("")),
    }
}

async fn serve(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    start_logging(LogFormat::Text, LevelFilter::INFO)?;
    let demo = Demo::start(arguments.listen, arguments.setup()).await?;
    let ca = std::env::temp_dir().join("homerealm-demo-ca.pem");
    std::fs::write(&ca, demo.ca_pem())?;
    println!("{}", demo.start_url());
    eprintln!(
        "Open the address above in a browser (it warns once for each of the two names, since the\n\
         certificates were made just now; the CA is {}).\n\
         The password of every account is {}. Ctrl-C ends the demo.",
        ca.display(),
        DEMO_PASSWORD
    );
    tokio::signal::ctrl_c().await?;
    demo.stop().await;
    Ok(ExitCode::SUCCESS)
}
