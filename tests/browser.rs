//! A real Chromium walks the demo, as a person would: with a wrong password first, in two tabs,
//! without scripts, and with a live session; by SAML 2.0 and by WS-Federation; and through the front
//! door, where Entra resolves no foreign email. And it reads what happened, hop by hop.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod demo;
mod strangers;

use std::{path::Path, process::Command};

use demo::Demo;
use strangers::{python, run, tool};

#[test]
fn chromium_walks_the_demo() {
    walks("chromium_demo.py", &[], 9);
}

#[test]
fn one_prompt_is_enough_where_entra_resolves_no_foreign_email() {
    walks("chromium_front_door.py", &["--no-email-resolution"], 7);
}

#[test]
fn what_happened_in_a_sign_in_is_told_hop_by_hop() {
    walks("chromium_flow.py", &[], 4);
}

/// Has Chromium walk a demo by a script, which tells each of so many walks that it made.
fn walks(script: &str, demo: &[&str], count: usize) {
    tool("chromium");
    tool("chromedriver");
    let demo = Demo::start(demo);
    let shots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&shots).expect("a folder for screenshots");
    let strangers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers");
    let said = run(Command::new(python())
        .arg(strangers.join(script))
        .arg(demo.start_url())
        .arg(&shots));
    let said = String::from_utf8_lossy(&said.stdout);
    assert_eq!(
        said.lines().filter(|line| line.ends_with(": ok")).count(),
        count,
        "{said}"
    );
}
