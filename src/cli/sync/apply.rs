//! `homerealm sync apply`: the planned guests, brought into Entra through Graph.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail};
use homerealm::{
    config::Config,
    provision::{Action, Changes, Guard, Held, Run, carry_out, table},
};
use serde_json::json;

use super::{State, read};

#[derive(clap::Args)]
pub(super) struct ApplyArguments {
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
    /// Do it; without this it is only shown what would be done
    #[arg(long)]
    apply: bool,
    /// How to print what is to be done
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Keep in this file what was read of the directory and of Entra, and read only what has changed
    /// the next time
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// The most users that one run deletes or disables
    #[arg(long, value_name = "USERS", default_value_t = Guard::default().users)]
    most_deleted: usize,
    /// The same of a hundred users that were made here; the lower bound counts
    #[arg(long, value_name = "PERCENT", default_value_t = Guard::default().percent)]
    most_deleted_percent: usize,
    /// Delete and disable more than that in this run
    #[arg(long)]
    yes_delete: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// Columns for people
    Table,
    /// One object
    Json,
}

pub(super) fn apply(arguments: &ApplyArguments) -> anyhow::Result<ExitCode> {
    let config = Config::read(&arguments.config)?;
    super::super::runtime()?.block_on(apply_to(&config, arguments))
}

async fn apply_to(config: &Config, arguments: &ApplyArguments) -> anyhow::Result<ExitCode> {
    let Some(mut graph) = config.entra.graph()? else {
        bail!("Entra cannot be asked: [entra] of the configuration names no credential for Graph");
    };
    let mut state = match &arguments.state {
        Some(path) => State::read(path)?,
        None => State::default(),
    };
    let plan = read(config, None, &mut state).await?;
    let held = Held::read(&mut graph, state.tenant.take());
    let held = held
        .await
        .context("the users of the tenant cannot be read")?;
    let users = held.users().context("Graph tells of a user who is none")?;
    // Before anything is changed: what is changed now comes as a change the next time.
    state.tenant = Some(held);
    if let Some(path) = &arguments.state {
        state.write(path)?;
    }
    let changes = Changes::new(&config.sync, &plan, &users);
    let guard = Guard {
        users: arguments.most_deleted,
        percent: arguments.most_deleted_percent,
    };
    let refusal = match guard.judge(&changes) {
        Err(too_many) if !arguments.yes_delete => Some(too_many.to_string()),
        _ => None,
    };
    let run = if arguments.apply && refusal.is_none() {
        let tried = carry_out(&mut graph, &changes, |change, failure| {
            let name = &change.user_principal_name;
            match failure {
                None => eprintln!("ok    {} {name}", change.action),
                Some(failure) => eprintln!("FAIL  {} {name}: {}", change.action, failure.cause),
            }
        });
        Some(tried.await)
    } else {
        None
    };
    let text = match arguments.format {
        Format::Table => table(&changes),
        Format::Json => {
            let told = json!({
                "applied": run.is_some(),
                "refused": refusal,
                "changes": changes,
                "run": run,
            });
            serde_json::to_string_pretty(&told)? + "\n"
        }
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    tell(&changes, run.as_ref());
    if let Some(refusal) = &refusal {
        eprintln!("FAIL  {refusal}");
    }
    let good = refusal.is_none() && run.is_none_or(|run| run.is_good());
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(super::super::FAILED)
    })
}

/// Says on stderr how many there are of what.
fn tell(changes: &Changes, run: Option<&Run>) {
    eprintln!(
        "{} to create, {} to update, {} to disable, {} to delete; {} as planned, {} left as they are",
        changes.count(Action::Create),
        changes.count(Action::Update),
        changes.count(Action::Disable),
        changes.count(Action::Delete),
        changes.unchanged,
        changes.left_out.len(),
    );
    match run {
        None => eprintln!("nothing was changed (--apply does it)"),
        Some(run) => {
            eprintln!(
                "{} done, {} failed, {} not tried",
                run.done,
                run.failures.len(),
                run.not_tried
            );
            if let Some(why) = &run.stopped {
                eprintln!("FAIL  stopped, and the next run goes on from here: {why}");
            }
        }
    }
}
