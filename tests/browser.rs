//! A real Chromium walks the demo, as a person would: with a wrong password first, in two tabs,
//! without scripts, and with a live session; by SAML 2.0 and by WS-Federation.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod demo;
mod strangers;

use std::{path::Path, process::Command};

use demo::Demo;
use strangers::{python, run, tool};

#[test]
fn chromium_walks_the_demo() {
    tool("chromium");
    tool("chromedriver");
    let demo = Demo::start(&[]);
    let shots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&shots).expect("a folder for screenshots");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/chromium_demo.py");
    let said = run(Command::new(python())
        .arg(script)
        .arg(demo.start_url())
        .arg(&shots));
    let said = String::from_utf8_lossy(&said.stdout);
    assert_eq!(
        said.lines().filter(|line| line.ends_with(": ok")).count(),
        8,
        "{said}"
    );
}
