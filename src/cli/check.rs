//! `homerealm check`: the doctor.

use std::{path::PathBuf, process::ExitCode};

use homerealm::check::{Report, Verdict, check};

/// Look a configuration over, and say what is wrong and how to mend it
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
    /// Trace how this sign-in name is mapped to an account; no password is needed
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,
    /// Read every account: which names are shared, who could never sign in and why
    #[arg(long)]
    scan: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let user = arguments.user.as_deref();
    let report = super::runtime()?.block_on(check(&arguments.config, user, arguments.scan));
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
            println!("{}  {}", if step.ok { "ok  " } else { "FAIL" }, step.what);
        }
    }
}
