//! The suite of `conformance/`, which knows nothing of this code, judges the program as a process: each
//! requirement of the specifications and each attack, all of them kept.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod strangers;

use std::{path::Path, process::Command};

use serde_json::Value;
use strangers::{python, tool};

#[test]
fn all_that_is_asked_of_an_identity_provider_is_kept() {
    for needed in ["slapd", "slapadd", "xmlsec1", "perl"] {
        tool(needed);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("results.json");
    let output = Command::new(python())
        .args(["-B", "-m", "suite", "--subject", "homerealm", "--json"])
        .arg(&file)
        .env("CONFORMANCE_HOMEREALM", env!("CARGO_BIN_EXE_homerealm"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance"))
        .output()
        .expect("Python runs");
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let text = std::fs::read_to_string(file).unwrap_or_else(|_| panic!("no results: {told}"));
    let results: Value = serde_json::from_str(&text).expect("JSON");
    let verdicts = results[0]["verdicts"].as_object().expect("verdicts");
    assert!(verdicts.len() > 100, "{} verdicts", verdicts.len());
    let unkept: Vec<_> = verdicts
        .iter()
        .filter(|(_, one)| one["verdict"] != "pass")
        .collect();
    assert!(unkept.is_empty(), "{unkept:#?}\n{told}");
    assert!(output.status.success(), "{told}");
}
