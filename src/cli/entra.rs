//! `homerealm entra`: what Entra must be told of this server, and whether it has been.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;
use homerealm::{
    config::Config,
    entra_setup::{
        DomainStatus, Status, Wanted, objections, objections_of_entra,
        rollover::{Made, Rollover, RolloverError, Seen, Step},
        script,
    },
    keys::Certificate,
    microsoft_graph::Graph,
};
use serde_json::json;
use time::OffsetDateTime;

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
            let federation = runtime.block_on(Federation::look(&config, *offline))?;
            if *powershell {
                print!("{}", script(config.entra.terms.cloud, &federation.wanted));
            } else if *json {
                println!(
                    "{}",
                    serde_json::to_string_pretty(&federation.json(&config))?
                );
            } else {
                federation.print(&config)?;
            }
            federation.tell_objections();
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

/// What federates the domains, and what stands against it.
struct Federation {
    wanted: Vec<Wanted>,
    /// Of each domain.
    objections: Vec<Vec<String>>,
    is_asked: bool,
}

impl Federation {
    async fn look(config: &Config, offline: bool) -> anyhow::Result<Self> {
        let wanted = Wanted::of(config, &config.signing.key_ring()?);
        let now = OffsetDateTime::now_utc();
        let mut found: Vec<Vec<_>> = wanted
            .iter()
            .map(|one| objections(config, one, &wanted, now))
            .collect();
        let graph = if offline { None } else { config.entra.graph()? };
        let is_asked = graph.is_some();
        if let Some(mut graph) = graph {
            let domains = graph.domains().await?;
            let mut taken = Vec::new();
            // Those that inherit show their root's.
            for domain in domains.iter().filter(|domain| domain.is_root) {
                let federation = graph.federation(&domain.id).await?;
                if let Some(issuer) = federation.and_then(|it| it.issuer_uri) {
                    taken.push((domain.id.clone(), issuer));
                }
            }
            for (wanted, found) in wanted.iter().zip(&mut found) {
                let own = taken.iter().find(|(domain, _)| *domain == wanted.domain);
                let own = own.map(|(_, issuer)| issuer.as_str());
                found.extend(objections_of_entra(wanted, &domains, own, &taken));
            }
        }
        let texts = |found: &Vec<_>| found.iter().map(ToString::to_string).collect();
        Ok(Self {
            objections: found.iter().map(texts).collect(),
            wanted,
            is_asked,
        })
    }

    fn is_good(&self) -> bool {
        self.objections.iter().all(Vec::is_empty)
    }

    fn address(config: &Config, wanted: &Wanted) -> String {
        format!(
            "https://{}/v1.0/domains/{}/federationConfiguration",
            config.entra.terms.cloud.graph_host(),
            wanted.domain
        )
    }

    fn json(&self, config: &Config) -> serde_json::Value {
        let domains = self.wanted.iter().zip(&self.objections);
        let domains: Vec<_> = domains
            .map(|(wanted, objections)| {
                json!({
                    "domain": wanted.domain,
                    "method": "POST",
                    "url": Self::address(config, wanted),
                    "body": wanted.configuration,
                    "objections": objections,
                })
            })
            .collect();
        json!({"good": self.is_good(), "entra_was_asked": self.is_asked, "domains": domains})
    }

    fn print(&self, config: &Config) -> anyhow::Result<()> {
        for wanted in &self.wanted {
            println!("# {}, with Graph:\n", wanted.domain);
            println!("POST {}", Self::address(config, wanted));
            println!("Content-Type: application/json\n");
            println!("{}\n", serde_json::to_string_pretty(&wanted.configuration)?);
        }
        println!("# The same with PowerShell:\n");
        print!("{}", script(config.entra.terms.cloud, &self.wanted));
        Ok(())
    }

    fn tell_objections(&self) {
        for (wanted, objections) in self.wanted.iter().zip(&self.objections) {
            for objection in objections {
                eprintln!("FAIL  {}: {objection}", wanted.domain);
            }
        }
        if !self.is_asked {
            eprintln!("Entra was not asked: the domains there have not been looked at.");
        }
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
