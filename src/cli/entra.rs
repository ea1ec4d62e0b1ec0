//! `homerealm entra`: what Entra must be told of this server, and whether it has been.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;
use homerealm::{
    config::Config,
    entra_setup::{
        DomainStatus, Federation, Status, Wanted,
        rollover::{Made, Rollover, RolloverError, Seen, Step},
        script,
    },
    keys::Certificate,
    microsoft_graph::Graph,
};
use serde_json::json;

/// Tell Entra of this server: federate domains, compare, roll the signing certificate over
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print what federates each domain, for Graph and for PowerShell; change nothing
    Federate {
        /// The configuration file
        #[arg(long)]
        config: PathBuf,
        /// Print the PowerShell script alone
        #[arg(long, conflicts_with = "json")]
        powershell: bool,
        /// Print the requests to Graph, and what Entra would refuse, as one JSON object
        #[arg(long)]
        json: bool,
        /// Ask Entra for nothing
        #[arg(long)]
        offline: bool,
    },
    /// Compare what Entra has with what is served here, field by field
    Status {
        /// The configuration file
        #[arg(long)]
        config: PathBuf,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Say where the rollover of the signing certificate stands, or do its next step
    Rollover {
        /// The configuration file
        #[arg(long)]
        config: PathBuf,
        /// The step to do; without it nothing is changed
        #[arg(value_enum)]
        step: Option<StepName>,
        /// prepare: how long the new certificate lasts
        #[arg(long, default_value_t = 1095)]
        days: u32,
        /// prepare: the name in the new certificate
        #[arg(long, default_value = "Homerealm signing")]
        common_name: String,
        /// retire: how long to wait for what the former key has signed
        #[arg(long, default_value_t = 300)]
        settle_seconds: u32,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum StepName {
    /// Make the next key, and announce its certificate
    Prepare,
    /// Have Entra trust the next certificate, too
    Register,
    /// Sign with the next key
    Switch,
    /// Have Entra forget the former certificate
    Retire,
}

impl From<StepName> for Step {
    fn from(name: StepName) -> Self {
        match name {
            StepName::Prepare => Self::Prepare,
            StepName::Register => Self::Register,
            StepName::Switch => Self::Switch,
            StepName::Retire => Self::Retire,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let runtime = super::runtime()?;
    match &arguments.command {
        Command::Federate {
            config,
            powershell,
            json,
            offline,
        } => {
            let config = Config::read(config)?;
            let federation = runtime.block_on(look(&config, *offline))?;
            if *powershell {
                print!("{}", script(config.entra.terms.cloud, &federation.wanted()));
            } else if *json {
                println!(
                    "{}",
                    serde_json::to_string_pretty(&federation_as_json(&federation, &config))?
                );
            } else {
                print_federation(&federation, &config)?;
            }
            tell_objections(&federation);
            Ok(verdict(federation.is_good()))
        }
        Command::Status { config, json } => {
            let config = Config::read(config)?;
            let wanted = Wanted::of(&config, &config.signing.key_ring()?);
            let mut graph = graph(&config)?;
            let status = runtime.block_on(Status::look(&mut graph, &wanted))?;
            if *json {
                println!("{}", serde_json::to_string_pretty(&status)?);
            } else {
                status.domains.iter().for_each(print_status);
            }
            Ok(verdict(status.good))
        }
        Command::Rollover {
            config,
            step,
            days,
            common_name,
            settle_seconds,
            json,
        } => {
            let config = Config::read(config)?;
            let settle = Duration::from_secs((*settle_seconds).into());
            let mut rollover = Rollover::new(&config, graph(&config)?, settle);
            let made = Made {
                common_name,
                days: *days,
            };
            let step = step.map(Step::from);
            runtime.block_on(walk(&mut rollover, step, &made, *json))
        }
    }
}

fn verdict(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(super::FAILED)
    }
}

fn graph(config: &Config) -> anyhow::Result<Graph> {
    config.entra.graph()?.context(
        "Entra cannot be asked: [entra] of the configuration names no credential for Graph",
    )
}

async fn look(config: &Config, offline: bool) -> anyhow::Result<Federation> {
    let mut federation = Federation::propose(config)?;
    let graph = if offline { None } else { config.entra.graph()? };
    if let Some(mut graph) = graph {
        federation.ask(&mut graph).await?;
    }
    Ok(federation)
}

fn federation_as_json(federation: &Federation, config: &Config) -> serde_json::Value {
    let domains = federation.domains.iter();
    let domains: Vec<_> = domains
        .map(|proposal| {
            let objections = proposal.objections.iter();
            json!({
                "domain": proposal.wanted.domain,
                "method": "POST",
                "url": proposal.address(config),
                "body": proposal.wanted.configuration,
                "objections": objections.map(ToString::to_string).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "good": federation.is_good(),
        "entra_was_asked": federation.entra_was_asked,
        "domains": domains,
    })
}

fn print_federation(federation: &Federation, config: &Config) -> anyhow::Result<()> {
    for proposal in &federation.domains {
        let body = serde_json::to_string_pretty(&proposal.wanted.configuration)?;
        println!("# {}, with Graph:\n", proposal.wanted.domain);
        println!("POST {}", proposal.address(config));
        println!("Content-Type: application/json\n\n{body}\n");
    }
    println!("# The same with PowerShell:\n");
    print!("{}", script(config.entra.terms.cloud, &federation.wanted()));
    Ok(())
}

fn tell_objections(federation: &Federation) {
    for proposal in &federation.domains {
        for objection in &proposal.objections {
            eprintln!("FAIL  {}: {objection}", proposal.wanted.domain);
        }
    }
    if !federation.entra_was_asked {
        eprintln!("Entra was not asked: the domains there have not been looked at.");
    }
}

fn print_status(domain: &DomainStatus) {
    println!("{}", domain.domain);
    if let Some(problem) = &domain.problem {
        println!("FAIL  {problem}");
    }
    for field in &domain.fields {
        let found = field.found.as_deref().unwrap_or("-");
        println!(
            "{}  {:38} {found}",
            super::check::verdict(field.same),
            field.name
        );
        if let Some(means) = field.means {
            let wanted = field.wanted.as_deref().unwrap_or("-");
            println!("      {:38} {wanted}", "should be");
            println!("      {means}");
        }
    }
}

async fn walk(
    rollover: &mut Rollover<'_>,
    step: Option<Step>,
    made: &Made<'_>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let mut good = true;
    if let Some(step) = step {
        if step == Step::Retire {
            eprintln!("waiting for what the former key has signed (--settle-seconds)");
        }
        match rollover.step(step, made).await {
            Ok(()) => eprintln!("{step} is done"),
            Err(error @ (RolloverError::Refused(_) | RolloverError::Live(_))) => {
                eprintln!("FAIL  {error}");
                good = false;
            }
            Err(error) => return Err(error).with_context(|| format!("{step} is not done")),
        }
    }
    let seen = rollover.look().await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&as_json(&seen))?);
    } else {
        print_seen(&seen);
    }
    Ok(verdict(good))
}

fn as_json(seen: &Seen) -> serde_json::Value {
    let name = |certificate: &Certificate| {
        json!({
            "sha256": certificate.sha256_thumbprint(),
            "not_after": certificate.not_after().unix_timestamp(),
        })
    };
    let domains: Vec<_> = seen
        .domains
        .iter()
        .map(|domain| {
            json!({
                "domain": domain.domain,
                "federated": domain.federation.is_some(),
                "signing": domain.signing.as_ref().map(name),
                "next": domain.next.as_ref().map(name),
                "trusts_current": domain.trusts(&seen.current),
            })
        })
        .collect();
    json!({
        "due": seen.due().to_string(),
        "current": name(&seen.current),
        "next": seen.next.as_ref().map(name),
        "former": seen.former.as_ref().map(name),
        "domains": domains,
    })
}

fn print_seen(seen: &Seen) {
    let mut known = Vec::new();
    for (role, certificate) in [
        ("current", Some(&seen.current)),
        ("next", seen.next.as_ref()),
        ("former", seen.former.as_ref()),
    ] {
        let Some(certificate) = certificate else {
            continue;
        };
        let last_day = certificate.not_after().date();
        println!(
            "{role:8} {}  until {last_day}",
            certificate.sha256_thumbprint()
        );
        known.push((role, certificate));
    }
    let named = |held: Option<&Certificate>| match held {
        None => "none".to_owned(),
        Some(held) => match known.iter().find(|(_, certificate)| *certificate == held) {
            Some((role, _)) => format!("the {role} one"),
            None => format!("one that is not ours, {}", held.sha256_thumbprint()),
        },
    };
    for domain in &seen.domains {
        println!(
            "{}  {}: signingCertificate is {}, nextSigningCertificate is {}",
            super::check::verdict(domain.trusts(&seen.current)),
            domain.domain,
            named(domain.signing.as_ref()),
            named(domain.next.as_ref()),
        );
    }
    println!(
        "due: {}",
        match seen.due() {
            Step::Prepare =>
                "prepare, when a rollover is to begin: make the next key, and announce it",
            Step::Register => "register: have Entra trust the next certificate, too",
            Step::Switch => "switch: sign with the next key; Entra trusts it already",
            Step::Retire => "retire: have Entra forget the former certificate",
        }
    );
}
