//! Signs people in at a running server, for real, and says what each sign-in cost it.
//!
//! ```text
//! cargo bench --bench load -- --base-url https://idp.localhost:8443 --ca ca.pem \
//!     --mode session --concurrency 8 --seconds 10 --server-pid 4711 \
//!     --user wmoran@fabrikam.com --password ...
//! ```
//!
//! It starts nothing by itself, and goes to this machine only. The one object that it prints on
//! stdout has the cost of a sign-in in server CPU, and as a multiple of one RSA-2048 signature
//! measured in the same run: machines differ, that ratio hardly does.

mod cpu;
mod measure;
mod saml2;
mod sign_in;
mod ws_federation;
mod ws_trust;

use std::{fs, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use homerealm::http::{client::Client, tls::client_config};
use hyper::Uri;

use cpu::Product;
use measure::Load;
use sign_in::{Pages, Person, Protocol};

/// What a sign-in consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// A request that the session cookie answers at once.
    Session,
    /// A request, the sign-in page, and the page's form with the password.
    Password,
    /// A request by WS-Federation that the session cookie answers at once.
    Wsfed,
    /// A program's request by WS-Trust, with name and password.
    Wstrust,
}

/// Signs people in at a running Homerealm and measures it.
#[derive(Parser)]
struct Arguments {
    /// Where the server is, such as `https://idp.localhost:8443`.
    #[arg(long)]
    base_url: Uri,
    /// PEM file of the CA that the server's certificate is of.
    #[arg(long)]
    ca: PathBuf,
    /// What to measure.
    #[arg(long, value_enum)]
    mode: Mode,
    /// How many people sign in at the same time.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,
    /// For how long.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// The server's process, to read its CPU time; more of them by commas. Whatever they have started
    /// counts with them.
    #[arg(long, value_delimiter = ',', required = true)]
    server_pid: Vec<u32>,
    /// Sign-in name; "{n}" in it stands for a number below --users.
    #[arg(long)]
    user: String,
    /// How many people "{n}" stands for.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    users: u64,
    /// Their password.
    #[arg(long)]
    password: String,
    /// A new TLS connection for each sign-in, as people have, in place of one kept open.
    #[arg(long)]
    reconnect: bool,
    /// Plain HTTP, as a proxy that has ended TLS speaks it to the server.
    #[arg(long)]
    plain: bool,
    /// Wait for answers without falling asleep. On loopback the kernel charges whoever sends for
    /// waking the receiver: the server would pay for what happens on another machine otherwise.
    /// For one person at a time, since it takes a whole core.
    #[arg(long)]
    awake: bool,
    /// The pages are those of another identity provider than Homerealm: fields are found by what they
    /// are for, and whatever else a form holds is sent back.
    #[arg(long)]
    foreign: bool,
    /// Where requests go, if not where Homerealm takes those of the mode.
    #[arg(long)]
    path: Option<String>,
    /// The page's field for the sign-in name.
    #[arg(long, default_value = "name")]
    user_field: String,
    /// The page's field for the password.
    #[arg(long, default_value = "password")]
    password_field: String,
    /// Given by `cargo bench`; means nothing here.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match measured(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the report, and says whether its figures mean anything.
fn measured(arguments: &Arguments) -> Result<bool> {
    // One thread: the server under test is to have the other cores.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(async {
        if arguments.awake {
            tokio::spawn(async {
                loop {
                    tokio::task::yield_now().await;
                }
            });
        }
        run(arguments).await
    })?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(report.is_good())
}

async fn run(arguments: &Arguments) -> Result<measure::Report> {
    let ca = fs::read(&arguments.ca)
        .with_context(|| format!("cannot read {}", arguments.ca.display()))?;
    let tls = client_config(&[&ca])?;
    let host = arguments
        .base_url
        .host()
        .context("--base-url has no host")?;
    let address = on_this_machine(&arguments.base_url)?;
    let base_url = arguments.base_url.to_string();

    let browser = || {
        let client = Client::new(tls.clone()).with_address(host, address);
        if arguments.plain {
            client.as_tls_proxy()
        } else {
            client
        }
    };
    let people = (0..arguments.concurrency)
        .map(|_| Person {
            browser: browser(),
            protocol: match arguments.mode {
                Mode::Wsfed => Protocol::WsFederation,
                _ => Protocol::Saml2,
            },
            base_url: base_url.trim_end_matches('/').to_owned(),
            path: arguments.path.clone(),
            pages: if arguments.foreign {
                Pages::Foreign
            } else {
                Pages::Own {
                    user_field: arguments.user_field.clone(),
                    password_field: arguments.password_field.clone(),
                }
            },
            password: arguments.password.clone(),
        })
        .collect();
    Load {
        mode: arguments.mode,
        duration: Duration::from_secs(arguments.seconds),
        server: Product::of(&arguments.server_pid),
        user: arguments.user.clone(),
        users: arguments.users,
        reconnect: arguments.reconnect,
    }
    .run(people)
    .await
}

/// The loopback address to connect to. Load is for one's own machine only.
fn on_this_machine(url: &Uri) -> Result<SocketAddr> {
    let host = url.host().context("--base-url has no host")?;
    let host = host.trim_matches(['[', ']']);
    let port = url.port_u16().unwrap_or(443);
    let address = if host == "localhost" || host.ends_with(".localhost") {
        SocketAddr::from(([127, 0, 0, 1], port))
    } else {
        let address = host
            .parse()
            .context("--base-url must name localhost, *.localhost or a loopback address")?;
        SocketAddr::new(address, port)
    };
    ensure!(address.ip().is_loopback(), "{host} is not this machine");
    Ok(address)
}
