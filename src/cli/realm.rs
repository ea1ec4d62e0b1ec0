//! `homerealm realm`: where names belong.

use std::{
    fs,
    io::{IsTerminal as _, Read as _, Write as _},
    net::IpAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use homerealm::{
    check::{Arrival, HomeRealmReport, LONGEST_LIST, Lookout, NOWHERE, Partner, names_of},
    realm::DomainName,
};

/// Tell where a name belongs, and why; or a whole list of names
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The name that a person would type; no password is needed
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    email: Option<String>,
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
    /// Look at a list instead: one name a line ("-" for standard input)
    #[arg(long, value_name = "FILE")]
    all: Option<PathBuf>,
    /// How to print the list
    #[arg(long, value_enum, default_value_t = Format::Table, conflicts_with = "email")]
    format: Format,
    /// The home realm that the request hints at (`whr`, `domain_hint`)
    #[arg(long, value_name = "DOMAIN")]
    whr: Option<String>,
    /// Where the request comes from; from no network at all unless said
    #[arg(long, value_name = "IP", default_value_t = NOWHERE)]
    source: IpAddr,
    /// Who would be told about her; the first relying party in the configuration unless said
    #[arg(long, value_name = "ID", conflicts_with = "all")]
    relying_party: Option<String>,
    /// Print one JSON object
    #[arg(long, conflicts_with = "all")]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// Columns for people
    Table,
    /// RFC 4180, with a line of names
    Csv,
    /// One object
    Json,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let hint = arguments.whr.as_deref().map(DomainName::parse).transpose();
    let hint = hint.with_context(|| "--whr names a domain")?;
    let list = match &arguments.all {
        Some(path) => Some(read_list(path)?),
        None => None,
    };
    super::runtime()?.block_on(async {
        let lookout = Lookout::load(&arguments.config).await?;
        let good = match (&list, &arguments.email) {
            (Some(list), _) => all(arguments, &lookout, list, hint.as_ref()).await?,
            (None, Some(name)) => one(arguments, &lookout, name, hint.as_ref()).await?,
            (None, None) => bail!("whose home realm? Name an EMAIL, or --all FILE"),
        };
        Ok(if good {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(super::FAILED)
        })
    })
}

async fn one(
    arguments: &Arguments,
    lookout: &Lookout,
    name: &str,
    home_realm_hint: Option<&DomainName>,
) -> anyhow::Result<bool> {
    let arrival = Arrival {
        name,
        home_realm_hint,
        source: arguments.source,
    };
    let report = lookout
        .explain(arrival, arguments.relying_party.as_deref())
        .await;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(report.good)
}

fn print(report: &HomeRealmReport) {
    println!("routes of {:?}:", report.name);
    for route in &report.routes {
        let mark = if route.taken { "->" } else { "  " };
        println!("{mark}    {:?}: {}", route.route, route.why);
    }
    let home = report.home_realm.as_deref().unwrap_or("none");
    println!("\nhome realm: {home}");
    for step in &report.steps {
        println!("{}  {}", super::check::verdict(step.ok), step.what);
    }
    if let Some(issuance) = &report.issuance {
        super::check::print_issuance(issuance);
    }
}

async fn all(
    arguments: &Arguments,
    lookout: &Lookout,
    list: &str,
    home_realm_hint: Option<&DomainName>,
) -> anyhow::Result<bool> {
    let names: Vec<&str> = names_of(list).collect();
    if names.is_empty() {
        bail!("there is no name in the list");
    }
    let shows_progress = std::io::stderr().is_terminal();
    let partners = lookout
        .partners(&names, home_realm_hint, arguments.source, |done| {
            if shows_progress && (done % 50 == 0 || done == names.len()) {
                // Nothing depends on whether it can be seen.
                let _ = write!(std::io::stderr(), "\r{done} of {}", names.len());
            }
        })
        .await;
    if shows_progress {
        eprintln!();
    }
    let homeless = partners.iter().filter(|partner| !partner.good).count();
    match arguments.format {
        Format::Table => print_table(&partners)?,
        Format::Csv => print_csv(&partners)?,
        Format::Json => {
            let report = serde_json::json!({ "good": homeless == 0, "names": partners });
            println!("{}", serde_json::to_string_pretty(&report)?);
        }
    }
    eprintln!(
        "{} names, {homeless} of them without a home",
        partners.len()
    );
    Ok(homeless == 0)
}

fn read_list(path: &Path) -> anyhow::Result<String> {
    let mut list = String::new();
    let most = u64::try_from(LONGEST_LIST)?;
    let name = path.display();
    let read = if path == Path::new("-") {
        std::io::stdin().take(most + 1).read_to_string(&mut list)
    } else {
        let file = fs::File::open(path).with_context(|| format!("{name} cannot be read"))?;
        file.take(most + 1).read_to_string(&mut list)
    };
    if read.with_context(|| format!("{name} cannot be read as UTF-8"))? > LONGEST_LIST {
        bail!("{name} is longer than {LONGEST_LIST} bytes");
    }
    Ok(list)
}

const COLUMNS: [&str; 6] = [
    "name",
    "home_realm",
    "route",
    "cloud_upn",
    "immutable_id",
    "why_not",
];

fn cells(partner: &Partner) -> [&str; 6] {
    [
        &partner.name,
        partner.home_realm.as_deref().unwrap_or("none"),
        partner.route.as_deref().unwrap_or_default(),
        partner.cloud_upn.as_deref().unwrap_or_default(),
        partner.immutable_id.as_deref().unwrap_or_default(),
        partner.why_not.as_deref().unwrap_or_default(),
    ]
}

fn print_table(partners: &[Partner]) -> std::io::Result<()> {
    let rows = std::iter::once(COLUMNS).chain(partners.iter().map(cells));
    let rows: Vec<_> = rows.collect();
    let mut widths = [0; COLUMNS.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut stdout = std::io::stdout().lock();
    for row in rows {
        let padded = row.iter().zip(widths);
        let padded = padded.map(|(cell, width)| format!("{cell:width$}"));
        let line = padded.collect::<Vec<_>>().join("  ");
        writeln!(stdout, "{}", line.trim_end())?;
    }
    Ok(())
}

fn print_csv(partners: &[Partner]) -> std::io::Result<()> {
    let rows = std::iter::once(COLUMNS).chain(partners.iter().map(cells));
    let mut stdout = std::io::stdout().lock();
    for row in rows {
        let line = row.map(quoted).join(",");
        write!(stdout, "{line}\r\n")?;
    }
    Ok(())
}

/// A field of RFC 4180.
fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
