//! `homerealm trusts`: what becomes of AD FS's relying party trusts.

use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use homerealm::adfs::{
    LONGEST_EXPORT, RelyingPartyTrust, entra_application, homerealm_trust, read_export,
    report::Report,
    translate::{Domain, Groups},
};

/// Move the relying party trusts of AD FS: look them over, and write them for Homerealm and for Entra
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Run the tests of Microsoft's migration tool on each trust; exit 1 where one fails
    Assess(Assess),
    /// Write each trust as a relying party of Homerealm and as an application of Entra
    Import(Import),
}

#[derive(clap::Args)]
struct Exports {
    /// Exports of `Get-AdfsRelyingPartyTrust`, by Export-Clixml or ConvertTo-Json; or folders of them
    #[arg(required = true, value_name = "EXPORT")]
    named: Vec<PathBuf>,
    /// The domain's short name, for rules that issue DOMAIN\name
    #[arg(long, value_name = "NAME")]
    netbios_name: Option<String>,
    /// A CSV file of groups with SID, Name and DistinguishedName, for rules that name groups
    #[arg(long, value_name = "FILE")]
    groups: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Assess {
    #[command(flatten)]
    exports: Exports,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// Lines for people
    Table,
    /// RFC 4180, a line for each test
    Csv,
    /// One object
    Json,
    /// A page
    Html,
}

#[derive(clap::Args)]
struct Import {
    #[command(flatten)]
    exports: Exports,
    /// The folder to write into; files that are there already are not overwritten
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Assess(arguments) => assess(arguments),
        Command::Import(arguments) => import(arguments),
    }
}

fn assess(arguments: &Assess) -> anyhow::Result<ExitCode> {
    let report = arguments.exports.read()?;
    match arguments.format {
        Format::Table => print(&report),
        Format::Csv => print!("{}", report.to_csv()),
        Format::Json => println!("{}", serde_json::to_string_pretty(&report)?),
        Format::Html => print!("{}", report.to_html()?),
    }
    Ok(if report.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(super::FAILED)
    })
}

fn print(report: &Report) {
    for looked in &report.trusts {
        println!("{}: {}", looked.name, looked.assessment.outcome.word());
        for finding in &looked.assessment.findings {
            if let Some(cure) = finding.cure {
                let outcome = finding.outcome.word();
                println!("  {outcome:<8} {}: {}", finding.test, finding.message);
                println!("           {cure}");
            }
        }
        for untranslated in &looked.untranslated {
            println!(
                "  untranslated {}: {}",
                untranslated.what, untranslated.reason
            );
        }
        for difference in &looked.differences {
            println!("  not taken over: {difference}");
        }
    }
}

fn import(arguments: &Import) -> anyhow::Result<ExitCode> {
    let report = arguments.exports.read()?;
    let folder = &arguments.into;
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut stems = BTreeSet::new();
    let mut files = Vec::new();
    for looked in &report.trusts {
        let stem = unused(&homerealm_trust::stem(&looked.name), &mut stems);
        files.extend(homerealm_trust::files(
            looked.trust(),
            looked.translation(),
            &stem,
        ));
        // Entra is no application of its own.
        if looked.trust().is_entra() {
            continue;
        }
        let requests = entra_application::requests(looked.trust(), looked.translation());
        files.push(homerealm_trust::File {
            name: format!("{stem}.entra.json"),
            text: serde_json::to_string_pretty(&requests)? + "\n",
        });
    }
    for file in &files {
        let path = folder.join(&file.name);
        let mut options = fs::OpenOptions::new();
        let written = options
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|mut open| std::io::Write::write_all(&mut open, file.text.as_bytes()));
        written.with_context(|| format!("{} cannot be written", path.display()))?;
        println!("{}", path.display());
    }
    let untranslated: usize = report
        .trusts
        .iter()
        .map(|looked| looked.untranslated.len())
        .sum();
    eprintln!(
        "{} trusts; {untranslated} things could not be translated and stand as comments in the files.\n\
         Look at each, name the folder in the configuration (relying_party_folder), and run \
         `homerealm check`.",
        report.trusts.len()
    );
    Ok(ExitCode::SUCCESS)
}

/// A stem that no trust before has.
fn unused(stem: &str, stems: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    let mut candidates = std::iter::once(stem.to_owned()).chain(numbered);
    let free = candidates.find(|candidate| !stems.contains(candidate));
    let free = free.unwrap_or_else(|| stem.to_owned());
    stems.insert(free.clone());
    free
}

impl Exports {
    fn read(&self) -> anyhow::Result<Report> {
        let groups = match &self.groups {
            None => Groups::default(),
            Some(path) => {
                let text = String::from_utf8(octets(path)?);
                let text = text.with_context(|| format!("{} is not UTF-8", path.display()))?;
                Groups::parse(&text).with_context(|| path.display().to_string())?
            }
        };
        let domain = Domain {
            netbios_name: self.netbios_name.clone(),
            groups,
        };
        let mut trusts: Vec<RelyingPartyTrust> = Vec::new();
        for path in self.files()? {
            let read = read_export(&octets(&path)?);
            trusts.extend(read.with_context(|| path.display().to_string())?);
        }
        Ok(Report::of(trusts, &domain))
    }

    /// The files that are named, and those of the folders that are.
    fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for path in &self.named {
            if !path.is_dir() {
                files.push(path.clone());
                continue;
            }
            let unreadable = || format!("{} cannot be read", path.display());
            let mut inside = Vec::new();
            for entry in fs::read_dir(path).with_context(unreadable)? {
                let file = entry.with_context(unreadable)?.path();
                let kind = file.extension().and_then(|kind| kind.to_str());
                if kind.is_some_and(|kind| {
                    matches!(kind.to_ascii_lowercase().as_str(), "xml" | "json")
                }) {
                    inside.push(file);
                }
            }
            if inside.is_empty() {
                bail!("there is no .xml and no .json file in {}", path.display());
            }
            inside.sort();
            files.extend(inside);
        }
        Ok(files)
    }
}

fn octets(path: &Path) -> anyhow::Result<Vec<u8>> {
    let name = path.display();
    let file = fs::File::open(path).with_context(|| format!("{name} cannot be read"))?;
    let mut octets = Vec::new();
    let most = u64::try_from(LONGEST_EXPORT)? + 1;
    file.take(most)
        .read_to_end(&mut octets)
        .with_context(|| format!("{name} cannot be read"))?;
    Ok(octets)
}
