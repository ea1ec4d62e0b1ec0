//! Programs that others wrote, asked for a second opinion: tools of the system, and Python with
//! the SAML libraries of its world.
//!
//! What is missing fails the test that needs it, with the way to get it: a second opinion that is
//! skipped is none.
#![allow(dead_code)] // each test binary uses its own part of this

use std::{
    env,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

/// The Debian packages of the tools that are not called like their package.
const PACKAGES: [(&str, &str); 7] = [
    ("python3", "python3 python3-venv"),
    ("chromedriver", "chromium-driver"),
    ("ldapsearch", "ldap-utils"),
    ("slapadd", "slapd"),
    ("shibd", "libapache2-mod-shib"),
    ("apache2", "apache2-bin"),
    ("node", "nodejs"),
];

/// The path of an executable.
///
/// # Panics
/// When it is not installed, with the Debian package to install.
pub(crate) fn tool(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    // slapd lives where a user's PATH does not reach.
    let places = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    let found = places
        .map(|place: PathBuf| place.join(name))
        .find(|file| file.is_file());
    found.unwrap_or_else(|| {
        let named = PACKAGES.iter().find(|(tool, _)| *tool == name);
        let package = named.map_or(name, |(_, package)| package);
        panic!("{name} is not installed: apt-get install {package}")
    })
}

/// The Python of an environment that holds signxml, lxml, pysaml2, MSAL and others, in the versions of
/// `tests/strangers/requirements.txt`. Made once, under `target/`, from the Python package index.
///
/// # Panics
/// When it cannot be made.
pub(crate) fn python() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    let made = PYTHON.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .parent()
            .unwrap_or_else(|| panic!("no target directory"));
        let environment = target.join("python-env");
        run(Command::new(tool("python3"))
            .arg(here.join("make_environment.py"))
            .arg(&environment)
            .arg(here.join("requirements.txt")));
        environment.join("bin/python")
    });
    made.clone()
}

/// The folder of an environment that holds the Node packages of `tests/strangers/node`, in the
/// versions of its lock. Made once, under `target/`, from the npm registry.
///
/// # Panics
/// When it cannot be made.
pub(crate) fn node_environment() -> PathBuf {
    static ENVIRONMENT: OnceLock<PathBuf> = OnceLock::new();
    let made = ENVIRONMENT.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .parent()
            .unwrap_or_else(|| panic!("no target directory"));
        let environment = target.join("node-env");
        run(Command::new(tool("python3"))
            .arg(here.join("make_node_environment.py"))
            .arg(&environment)
            .arg(here.join("node"))
            .arg(tool("npm")));
        environment
    });
    made.clone()
}

/// Runs a command that must succeed.
///
/// # Panics
/// When it does not, with what it said.
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    output
}

/// Has pysaml2 do something as a service provider, in a folder with its key, its certificate and
/// the identity provider's metadata (`idp.xml`).
///
/// # Panics
/// When it does not answer; what it refuses is an answer.
pub(crate) fn pysaml2(folder: &Path, order: &serde_json::Value) -> serde_json::Value {
    ordered("pysaml2_sp.py", folder, order)
}

/// Has pysaml2 do something as an identity provider, in a folder with its key, its certificate and the
/// service provider's metadata (`sp.xml`).
///
/// # Panics
/// When it does not answer; what it refuses is an answer.
pub(crate) fn pysaml2_idp(folder: &Path, order: &serde_json::Value) -> serde_json::Value {
    ordered("pysaml2_idp.py", folder, order)
}

/// The commands of a PowerShell script, each with its parameters and literal texts, by the grammar of
/// tree-sitter.
///
/// # Panics
/// When it is no PowerShell, or has texts that PowerShell would expand.
pub(crate) fn powershell_commands(script: &str) -> serde_json::Value {
    told("powershell_commands.py", &[], script)
}

/// What a Python script that works in a folder says to an order.
fn ordered(script: &str, folder: &Path, order: &serde_json::Value) -> serde_json::Value {
    told(script, &[folder], &order.to_string())
}

/// What a Python script says to its input.
fn told(script: &str, arguments: &[&Path], text: &str) -> serde_json::Value {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers");
    let script = scripts.join(script);
    let mut child = Command::new(python())
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("python: {error}"));
    let input = child.stdin.take();
    let sent = input.map(|mut input| input.write_all(text.as_bytes()));
    assert!(matches!(sent, Some(Ok(()))), "nothing sent");
    let output = child
        .wait_with_output()
        .unwrap_or_else(|error| panic!("python: {error}"));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("no JSON: {error}"))
}
