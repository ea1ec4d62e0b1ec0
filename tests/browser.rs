//! A real Chromium walks the demo, as a person would: with a wrong password first, in two tabs,
//! without scripts, and with a live session.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod strangers;

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use strangers::{python, run, tool};

/// A demo as a process, ended with the test.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended by itself; the test has failed then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn chromium_walks_the_demo() {
    tool("chromium");
    tool("chromedriver");
    let child = Command::new(env!("CARGO_BIN_EXE_homerealm"))
        .args(["demo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the demo starts");
    let mut demo = Demo(child);
    let output = demo.0.stdout.take().expect("its output");
    let start = BufReader::new(output)
        .lines()
        .next()
        .expect("a line")
        .expect("its address");

    let shots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&shots).expect("a folder for screenshots");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/chromium_demo.py");
    let said = run(Command::new(python()).arg(script).arg(&start).arg(&shots));
    let said = String::from_utf8_lossy(&said.stdout);
    assert_eq!(
        said.lines().filter(|line| line.ends_with(": ok")).count(),
        4,
        "{said}"
    );
}
