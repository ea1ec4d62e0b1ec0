//! `homerealm keys`: makes and lists signing keys.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use homerealm::keys::{Certificate, create_signing_key};
use time::OffsetDateTime;

/// Make and list signing keys
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make an RSA-2048 signing key and its certificate
    New {
        /// The folder to write NAME.key (mode 0600) and NAME.crt to
        #[arg(long, default_value = "certs")]
        folder: PathBuf,
        /// The files' name
        #[arg(long, default_value = "signing")]
        name: String,
        /// The name in the certificate
        #[arg(long, default_value = "Homerealm signing")]
        common_name: String,
        /// How long the certificate lasts
        #[arg(long, default_value_t = 1095)]
        days: u32,
    },
    /// List the certificates of a folder with their last day
    List {
        /// The folder
        #[arg(long, default_value = "certs")]
        folder: PathBuf,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::New {
            folder,
            name,
            common_name,
            days,
        } => new(folder, name, common_name, *days),
        Command::List { folder } => list(folder),
    }
}

fn new(folder: &Path, name: &str, common_name: &str, days: u32) -> anyhow::Result<ExitCode> {
    if name.is_empty() || name.contains(['/', '\0']) || name.starts_with('.') {
        bail!("{name:?} is not a file name");
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let (key_path, certificate_path) = (
        folder.join(format!("{name}.key")),
        folder.join(format!("{name}.crt")),
    );
    // A key is never overwritten: it may be the one that Entra knows.
    for path in [&key_path, &certificate_path] {
        if path.exists() {
            bail!("{} is there already; choose another --name", path.display());
        }
    }
    let made = create_signing_key(common_name, days)?;
    write_new(&key_path, made.private_key_pem.as_bytes(), 0o600)?;
    write_new(
        &certificate_path,
        made.signer.certificate().to_pem().as_bytes(),
        0o644,
    )?;
    println!("{}\n{}", key_path.display(), certificate_path.display());
    eprintln!(
        "valid until {}; name both in [signing] of the configuration",
        made.signer.certificate().not_after().date()
    );
    Ok(ExitCode::SUCCESS)
}

fn write_new(path: &Path, content: &[u8], mode: u32) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(())
}

fn list(folder: &Path) -> anyhow::Result<ExitCode> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "crt"));
    paths.sort();
    for path in paths {
        match Certificate::from_pem(&fs::read(&path)?) {
            Ok(certificate) => println!(
                "{}\t{}\t{} days left\t{}",
                path.display(),
                certificate.not_after().date(),
                (certificate.not_after() - OffsetDateTime::now_utc()).whole_days(),
                certificate.subject()
            ),
            Err(error) => println!("{}\t{error}", path.display()),
        }
    }
    Ok(ExitCode::SUCCESS)
}
