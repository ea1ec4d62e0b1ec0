//! `homerealm check`: the doctor.

use std::{path::PathBuf, process::ExitCode};

use homerealm::check::{Asked, Issuance, Report, Verdict, check};

/// Look a configuration over, and say what is wrong and how to mend it
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
    /// Trace how this sign-in name is mapped to an account; no password is needed
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,
    /// Tell what the relying party with this entity ID would be told about that person, and why
    #[arg(long, value_name = "ID", requires = "user")]
    relying_party: Option<String>,
    /// Read every account: which names are shared, who could never sign in and why
    #[arg(long)]
    scan: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let asked = arguments.user.as_deref().map(|user| Asked {
        user,
        relying_party: arguments.relying_party.as_deref(),
    });
    let report = super::runtime()?.block_on(check(&arguments.config, asked, arguments.scan));
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(if report.good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(super::FAILED)
    })
}

fn print(report: &Report) {
    for finding in &report.findings {
        let verdict = match finding.verdict {
            Verdict::Ok => "ok  ",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
        };
        println!("{verdict}  {:20} {}", finding.name, finding.found);
        if let Some(mend) = &finding.mend {
            println!("                           mend: {mend}");
        }
    }
    if let Some(trace) = &report.user {
        println!("\nhow {:?} is mapped:", trace.name);
        for step in &trace.steps {
            println!("{}  {}", verdict(step.ok), step.what);
        }
        if let Some(issuance) = &trace.issuance {
            print_issuance(issuance);
        }
    }
}

pub(super) fn print_issuance(issuance: &Issuance) {
    println!("\nwhat {} would be told:", issuance.relying_party);
    println!(
        "{}  access: {}",
        verdict(issuance.permitted),
        issuance.access
    );
    if let Some(issuer) = &issuance.issuer {
        println!("      issuer: {issuer}");
    }
    if let Some(name) = &issuance.name_id {
        println!("      NameID: {} ({})", name.value, name.format);
    }
    for claim in &issuance.claims {
        match &claim.not_issued {
            None => println!("      {} = {:?} ({})", claim.name, claim.values, claim.from),
            Some(why) => println!("      {} is not issued: {why}", claim.name),
        }
    }
}

pub(super) fn verdict(good: bool) -> &'static str {
    if good { "ok  " } else { "FAIL" }
}
