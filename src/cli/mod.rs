//! The command line: one file per subcommand, no logic of its own.
//!
//! stdout is the result, stderr is the talk. Exit codes: 0 good, 1 the check or sign-in failed,
//! 2 usage or configuration.

mod audit;
mod check;
mod demo;
mod entra;
mod keys;
mod links;
mod realm;
mod serve;
mod simulate;
mod sync;
mod trusts;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The check or the sign-in failed.
const FAILED: u8 = 1;
/// The command line or the configuration is wrong.
const USAGE: u8 = 2;

/// An identity provider small enough to trust.
#[derive(Parser)]
#[command(name = "homerealm", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the whole main job on this machine: directory, identity provider and Entra simulator
    Demo(demo::Arguments),
    /// Serve the identity provider
    Serve(serve::Arguments),
    /// Serve the simulated Entra by itself, against any identity provider
    Simulate(simulate::Arguments),
    /// Look a configuration over, and say what is wrong and how to mend it
    Check(check::Arguments),
    /// Tell where a name belongs, and why; or a whole list of names
    Realm(realm::Arguments),
    /// List the addresses to give to partners, and make a guide of them
    Links(links::Arguments),
    /// Plan what Entra would hold of the accounts; print the rules for Entra Connect, or do without it
    Sync(sync::Arguments),
    /// Verify the audit trail, and ask it whether an assertion was issued here
    Audit(audit::Arguments),
    /// Make and list signing keys
    Keys(keys::Arguments),
    /// Move the relying party trusts of AD FS: look them over, and write them for Homerealm and Entra
    Trusts(trusts::Arguments),
    /// Tell Entra of this server: federate domains, compare, roll the signing certificate over
    Entra(entra::Arguments),
}

/// Runs the command that was typed.
pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Realm(arguments) => realm::run(&arguments),
        Command::Links(arguments) => links::run(&arguments),
        Command::Sync(arguments) => sync::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Keys(arguments) => keys::run(&arguments),
        Command::Trusts(arguments) => trusts::run(&arguments),
        Command::Entra(arguments) => entra::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("homerealm: {error:#}");
        ExitCode::from(USAGE)
    })
}

/// The runtime that everything asynchronous runs on. It has one thread more than there are processors:
/// while as many sign, one serves connections.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(processors + 1)
        .enable_all()
        .build()?)
}
