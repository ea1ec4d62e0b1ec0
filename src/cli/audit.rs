//! `homerealm audit`: verifies the trail, and asks the ledger.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use homerealm::{
    config::Config,
    observe::audit::{
        self, Head,
        ledger::{Entry, Search},
        verify::{Finding, Read, Seen, Verifier},
    },
};

use super::FAILED;

/// Verify the audit trail, and ask it whether an assertion was issued here
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Look whether lines were changed, taken out, put in or moved
    Verify {
        #[command(flatten)]
        trail: Trail,
        /// A line that must be there, as an earlier run printed it: NODE:NUMBER:DIGEST
        #[arg(long, value_name = "HEAD")]
        head: Vec<Head>,
    },
    /// Tell whether an assertion was issued here, and to whom
    Issued {
        /// The assertion's ID
        id: String,
        #[command(flatten)]
        trail: Trail,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args)]
struct Trail {
    /// A file of the trail, `-` for standard input; several in any order
    #[arg(long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The configuration file, whose `[audit]` names the file; those that it was before belong to it
    #[arg(long, conflicts_with = "files")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Verify { trail, head } => verify(trail, head),
        Command::Issued { id, trail, json } => issued(id, trail, *json),
    }
}

fn verify(trail: &Trail, heads: &[Head]) -> anyhow::Result<ExitCode> {
    let mut verifier = Verifier::default();
    for head in heads {
        verifier.expect(head.clone());
    }
    read(trail, &mut verifier, |_| ())?;
    let lines = verifier.lines();
    let (findings, seen) = verifier.finish();
    tell(&findings, true);
    for chain in &seen {
        println!(
            "{}: lines {} to {}, {} to {}\n  head {}",
            chain.head.node.as_str(),
            chain.first,
            chain.head.seq,
            chain.from,
            chain.until,
            chain.head
        );
    }
    if findings.iter().any(|finding| finding.kind.is_wrong()) {
        println!("NOT as it was written");
        return Ok(ExitCode::from(FAILED));
    }
    println!("{lines} lines, each as it was written");
    Ok(ExitCode::SUCCESS)
}

fn issued(id: &str, trail: &Trail, json: bool) -> anyhow::Result<ExitCode> {
    let search = Search::new(id);
    let mut entry = None;
    let mut verifier = Verifier::default();
    read(trail, &mut verifier, |read| {
        if entry.is_none() {
            entry = search.entry(read.text);
        }
    })?;
    let (findings, seen) = verifier.finish();
    let is_verified = !findings.iter().any(|finding| finding.kind.is_wrong());
    tell(&findings, false);
    if json {
        print_json(id, entry.as_ref(), is_verified, &seen)?;
    } else {
        print_text(id, entry.as_ref(), is_verified, &seen);
    }
    Ok(match entry {
        Some(_) if is_verified => ExitCode::SUCCESS,
        _ => ExitCode::from(FAILED),
    })
}

fn print_json(
    id: &str,
    entry: Option<&Entry>,
    is_verified: bool,
    seen: &[Seen],
) -> anyhow::Result<()> {
    let seen: Vec<_> = seen
        .iter()
        .map(|chain| {
            serde_json::json!({
                "node": chain.head.node.as_str(),
                "first": chain.first,
                "last": chain.head.seq,
                "from": chain.from,
                "until": chain.until,
            })
        })
        .collect();
    let said = serde_json::json!({
        "assertion_id": id,
        "issued": entry.is_some(),
        "verified": is_verified,
        "entry": entry,
        "searched": seen,
    });
    println!("{}", serde_json::to_string_pretty(&said)?);
    Ok(())
}

fn print_text(id: &str, entry: Option<&Entry>, is_verified: bool, seen: &[Seen]) {
    if let Some(entry) = entry {
        println!(
            "{id} was issued here\n  at {} by {}, line {} of its chain\n  to {} ({})\n  \
             for {} by {}\n  issuer {}\n  signed by the key of {}\n  correlation {}",
            entry.timestamp,
            entry.node,
            entry.seq,
            entry.name_id,
            entry.cloud_upn,
            entry.audience.as_ref().unwrap_or(&entry.relying_party),
            entry.protocol,
            entry.issuer,
            entry.key,
            entry.correlation,
        );
    } else {
        println!("{id} is not in this ledger");
        for chain in seen {
            let node = chain.head.node.as_str();
            println!("  {node} from {} to {}", chain.from, chain.until);
        }
    }
    if !is_verified {
        println!(
            "The trail is NOT as it was written, so this proves nothing: homerealm audit verify"
        );
    }
}

/// What is wrong, and what is worth knowing, too, if `all` is wanted.
fn tell(findings: &[Finding], all: bool) {
    for finding in findings {
        if all || finding.kind.is_wrong() {
            if finding.line == 0 {
                eprintln!("{}", finding.kind);
            } else {
                eprintln!("{}:{}: {}", finding.file, finding.line, finding.kind);
            }
        }
    }
}

/// Reads all files in the order of their chains.
fn read(
    trail: &Trail,
    verifier: &mut Verifier,
    mut each: impl FnMut(Read<'_>),
) -> anyhow::Result<()> {
    let mut files = match &trail.config {
        Some(config) => {
            let Some(file) = Config::read(config)?.audit.file else {
                bail!("[audit] has no file: name those that your collector has, by --file");
            };
            audit::of_trail(&file)
        }
        None => trail.files.clone(),
    };
    if files.is_empty() {
        bail!("there is no file to read: name one by --file, or the configuration by --config");
    }
    // As shells and logrotate name them, `.10` comes before `.2`.
    if files.len() > 1 {
        files.sort_by_cached_key(|file| first_number(file).unwrap_or_default());
    }
    for path in files {
        let name = path.display().to_string();
        let outcome = if path == Path::new("-") {
            verifier.read(&name, io::stdin().lock(), &mut each)
        } else {
            let file = File::open(&path).with_context(|| format!("cannot read {name}"))?;
            verifier.read(&name, BufReader::with_capacity(1 << 18, file), &mut each)
        };
        outcome.with_context(|| format!("cannot read {name}"))?;
    }
    Ok(())
}

/// The number of a file's first line.
fn first_number(path: &Path) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Numbered {
        seq: u64,
    }
    if path == Path::new("-") {
        return None;
    }
    let mut line = String::new();
    BufReader::new(File::open(path).ok()?)
        .read_line(&mut line)
        .ok()?;
    serde_json::from_str::<Numbered>(&line)
        .ok()
        .map(|line| line.seq)
}
