//! The demo as a process, for tests with clients that others wrote.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

/// A demo, ended with the test.
pub(crate) struct Demo {
    process: Child,
    start_url: String,
    folder: TempDir,
}

impl Demo {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When it does not start.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut process = Command::new(env!("CARGO_BIN_EXE_homerealm"))
            .args(["demo", "--listen", "127.0.0.1:0"])
            .args(arguments)
            // Where it leaves its CA: two demos at a time would share the file.
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the demo starts");
        let output = process.stdout.take().expect("its output");
        let start_url = BufReader::new(output)
            .lines()
            .next()
            .expect("a line")
            .expect("its address");
        Self {
            process,
            start_url,
            folder,
        }
    }

    /// The address of its start page.
    pub(crate) fn start_url(&self) -> &str {
        &self.start_url
    }

    /// The certificate that its certificates are trusted by, PEM.
    #[allow(dead_code)] // Chromium is told to take any
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("homerealm-demo-ca.pem")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended by itself; the test has failed then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
