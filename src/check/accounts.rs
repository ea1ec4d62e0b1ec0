//! The accounts: names that several have, and who could never sign in.

use std::{
    io::{IsTerminal as _, Write as _},
    time::Instant,
};

use crate::realm::{Examples, Home, Owners};

use super::Finding;

/// Reads them all, and says on stderr how far it is.
pub(super) async fn check(home: &Home, owners: &mut Owners, findings: &mut Vec<Finding>) {
    let started = Instant::now();
    let name = home.name();
    let survey = home
        .survey(owners, |read| {
            tell(&format!("{name}: {read} accounts read"));
        })
        .await;
    tell_end();
    let survey = match survey {
        Ok(survey) => survey,
        Err(error) => {
            findings.push(Finding::fail(
                "accounts",
                format!("{name}: {error}"),
                "see that the service account may search all accounts",
            ));
            return;
        }
    };
    let took = started.elapsed();
    findings.push(if survey.shared.count == 0 {
        Finding::ok(
            "shared-names",
            format!("{name}: no account shares a name, here or with a directory before it"),
        )
    } else {
        Finding::warn(
            "shared-names",
            format!(
                "{name}: {} names that several accounts have, so that none can use them: {}",
                survey.shared.count,
                examples(&survey.shared)
            ),
            "leave each address with one account",
        )
    });
    let all = format!(
        "{name}: {} accounts have a name, {} of them could sign in ({took:.0?})",
        survey.accounts, survey.able
    );
    findings.push(if survey.able == 0 {
        Finding::fail(
            "accounts",
            all,
            "see the reasons below, and `scope`, `filter` and [[federated_domain]]",
        )
    } else {
        Finding::ok("accounts", all)
    });
    for (reason, accounts) in &survey.unable {
        findings.push(Finding::ok(
            "accounts",
            format!(
                "{name}: {} never could, since {reason}: {}",
                accounts.count,
                examples(accounts)
            ),
        ));
    }
}

fn examples(examples: &Examples) -> String {
    let more = examples.count.saturating_sub(examples.first.len());
    let listed = examples.first.join("; ");
    if more == 0 {
        listed
    } else {
        format!("{listed}; and {more} more")
    }
}

fn tell(text: &str) {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        // Nothing depends on whether it can be seen.
        let _ = write!(stderr, "\r{text}");
        let _ = stderr.flush();
    }
}

fn tell_end() {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        let _ = writeln!(stderr);
    }
}
