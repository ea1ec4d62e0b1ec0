//! `homerealm links`: the addresses to give to partners.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use homerealm::{
    config::Config,
    links::{Guide, Links, Looked, look_at},
    realm::DomainName,
};
use hyper::Uri;

/// List the addresses to give to partners, make a printable guide of them, or look at some
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
    /// The tenant: its first domain (contoso.onmicrosoft.com), or another that it has verified
    #[arg(long, value_name = "DOMAIN")]
    tenant: Option<String>,
    /// Look at addresses instead: does each name a tenant? Exit 1 where one does not
    #[arg(long, value_name = "ADDRESS", num_args = 1..)]
    look_at: Vec<String>,
    /// Print a guide for partners, as a page that can be printed
    #[arg(long, conflicts_with_all = ["look_at", "json"], requires = "organisation")]
    guide: bool,
    /// The organisation's name, for the guide
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
    /// An email address as your partners have, for the guide
    #[arg(long, value_name = "EMAIL", default_value = "you@your-company.com")]
    example: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let tenant = arguments.tenant.as_deref().map(DomainName::parse);
    let tenant = tenant.transpose().context("--tenant names a domain")?;
    let config = Config::read(&arguments.config)?;
    if !arguments.look_at.is_empty() {
        return look(arguments, tenant.as_ref());
    }
    let links = Links::of(&config, tenant.as_ref());
    if let (true, Some(organisation)) = (arguments.guide, &arguments.organisation) {
        let base: Uri = config.edge.base_url.parse().context("base_url")?;
        let guide = Guide {
            organisation,
            example: &arguments.example,
            contact: config.edge.support_contact.as_deref(),
            host: base.host().context("base_url has no host")?,
            links: &links,
        };
        print!("{}", guide.to_html()?);
    } else if arguments.json {
        println!("{}", serde_json::to_string_pretty(&links)?);
    } else {
        for link in links.all() {
            println!("{:<30} {}", link.name, link.address);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn look(arguments: &Arguments, tenant: Option<&DomainName>) -> anyhow::Result<ExitCode> {
    let addresses = arguments.look_at.iter();
    let looked: Vec<_> = addresses
        .map(|address| (address, look_at(address, tenant)))
        .collect();
    if arguments.json {
        let objects = looked
            .iter()
            .map(|(address, looked)| serde_json::json!({ "address": address, "looked": looked }));
        println!(
            "{}",
            serde_json::to_string_pretty(&objects.collect::<Vec<_>>())?
        );
    } else {
        for (address, looked) in &looked {
            match looked {
                Looked::Good => println!("ok    {address}"),
                Looked::Mended { instead } => println!("FAIL  {address}\n      instead: {instead}"),
                Looked::Untenanted { why } => println!("FAIL  {address}\n      {why}"),
            }
        }
    }
    Ok(
        if looked.iter().all(|(_, looked)| *looked == Looked::Good) {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(super::FAILED)
        },
    )
}
