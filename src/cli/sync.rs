//! `homerealm sync`: what Entra would hold of the accounts, and the rules that bring it there.

mod apply;
mod progress;
mod state;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail};
use homerealm::{
    config::Config,
    directory::Reading,
    entra::{InternalDomainFederation, PreferredAuthenticationProtocol, Tenant, Tenants},
    provider::{HomeParts, realm_of},
    realm::DomainName,
    simulate::tenant_file,
    sync::{Plan, csv, fill, html, planned_tenant, rules, table, tenant_file as write_tenant},
    trust::Needs,
};

use progress::Progress;
pub(super) use state::State;

/// Plan what Entra would hold of the accounts; print the rules for Entra Connect, or do without it
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Show what Entra would hold of each account, and every conflict that would break it
    Plan(PlanArguments),
    /// Print the rules for Entra Connect that do the same, as PowerShell
    Rules(RulesArguments),
    /// Bring the planned guests into Entra through Graph, without Entra Connect; a dry run unless told
    /// otherwise
    Apply(apply::ApplyArguments),
}

#[derive(clap::Args)]
struct PlanArguments {
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// What Entra holds already, as a tenant's file: its domains and users count as well
    #[arg(long, value_name = "FILE")]
    held: Option<PathBuf>,
    /// Keep in this file what was read, and read only what has changed the next time
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

#[derive(clap::Args)]
struct RulesArguments {
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// Columns for people
    Table,
    /// RFC 4180, with a line of names
    Csv,
    /// One object
    Json,
    /// A page with counts and charts
    Html,
    /// What Entra would hold as a tenant's file, for `homerealm simulate --tenant`
    Tenant,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Plan(arguments) => plan(arguments),
        Command::Rules(arguments) => print_rules(arguments),
        Command::Apply(arguments) => apply::apply(arguments),
    }
}

fn plan(arguments: &PlanArguments) -> anyhow::Result<ExitCode> {
    let config = Config::read(&arguments.config)?;
    let held = arguments.held.as_deref().map(tenant_file::read);
    let held = held.transpose()?;
    let mut state = match &arguments.state {
        Some(path) => State::read(path)?,
        None => State::default(),
    };
    let plan = read(&config, held.as_ref().map(Tenants::first), &mut state);
    let plan = super::runtime()?.block_on(plan)?;
    if let Some(path) = &arguments.state {
        state.write(path)?;
    }
    let text = match arguments.format {
        Format::Table => table(&plan),
        Format::Csv => csv(&plan),
        Format::Json => serde_json::to_string_pretty(&plan)? + "\n",
        Format::Html => html(&plan)?,
        Format::Tenant => write_tenant(&tenant(&config, &plan, held.as_ref())?)?,
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    tell(&plan);
    Ok(if plan.good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(super::FAILED)
    })
}

/// Says on stderr how many there are of what.
pub(super) fn tell(plan: &Plan) {
    let counts = &plan.counts;
    eprintln!(
        "{} accounts: {} guests, {} members; {} in conflict",
        counts.accounts, counts.guests, counts.members, counts.in_conflict
    );
    for (kind, count) in &counts.conflicts {
        eprintln!("  {count} {kind}: {}", kind.mend());
    }
}

/// The tenant as Entra would hold it after the sync: the one that is given, or that of `[sync]`.
pub(super) fn tenant(
    config: &Config,
    plan: &Plan,
    held: Option<&Tenants>,
) -> anyhow::Result<Tenant> {
    let parts = match held {
        Some(held) => held.first().parts(),
        None => planned_tenant(&config.sync, federations(config)?)?,
    };
    Ok(fill(plan, parts)?)
}

/// Reads all directories, and says on stderr how far it is; then plans, against what the tenant
/// holds where that is known. `state` is what they said the last time, and becomes what they say now.
pub(super) async fn read(
    config: &Config,
    held: Option<&Tenant>,
    state: &mut State,
) -> anyhow::Result<Plan> {
    let homes = config.directories.iter().map(HomeParts::load);
    let homes = homes.collect::<Result<Vec<_>, _>>()?;
    let realm = realm_of(homes, config.routes.clone(), &Needs::default())?;
    let mut accounts = Vec::new();
    for home in realm.homes() {
        let name = home.name();
        let cannot = || format!("{name}: the accounts cannot be read");
        let before = state.directories.remove(name);
        let mut progress = Progress::on_terminal();
        if progress.is_shown() && before.is_none() {
            progress.expect(home.count().await.with_context(cannot)?);
        }
        let asked = config.sync.guests.attribute.as_ref();
        let list = home.list(asked, before.as_ref(), |more| progress.advance(more));
        let roll = list.await.with_context(cannot)?;
        progress.end();
        if let Reading::Changes { read, gone } = roll.reading {
            eprintln!("{name}: {read} accounts read since they are new or changed; {gone} gone");
        }
        state
            .directories
            .extend(roll.snapshot.map(|snapshot| (name.to_owned(), snapshot)));
        accounts.extend(roll.accounts.into_iter().map(|one| (name.to_owned(), one)));
    }
    let plan = Plan::new(&config.sync, &accounts);
    Ok(match held {
        Some(held) => plan.against(&config.sync, held),
        None => plan,
    })
}

/// What is registered in Entra for each federated domain, by SAML.
fn federations(config: &Config) -> anyhow::Result<Vec<(DomainName, InternalDomainFederation)>> {
    let keys = config.signing.key_ring()?;
    let certificate = keys.current().certificate();
    let protocol = PreferredAuthenticationProtocol::Saml;
    let domains = config.domains.iter().map(|domain| {
        let address = config.edge.sso_url();
        let federation = InternalDomainFederation {
            sign_out_uri: Some(config.edge.slo_url()),
            next_signing_certificate: keys.next().cloned(),
            ..InternalDomainFederation::new(&domain.issuer, protocol, &address, certificate.clone())
        };
        (domain.suffix.clone(), federation)
    });
    Ok(domains.collect())
}

fn print_rules(arguments: &RulesArguments) -> anyhow::Result<ExitCode> {
    let config = Config::read(&arguments.config)?;
    let mut anchors = config
        .directories
        .iter()
        .map(|one| &one.mapping.immutable_id);
    let Some(anchor) = anchors.next() else {
        bail!("there is no [[directory]]");
    };
    if anchors.any(|other| other != anchor) {
        bail!("Entra Connect has one source anchor, and the directories differ in immutable_id");
    }
    let script = rules(&config.sync, anchor);
    std::io::stdout().lock().write_all(script.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
