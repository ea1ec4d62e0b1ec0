//! Asks the linker to lay equal functions together, where it can.
//!
//! Generic code comes out the same for many types. LLD, which is rustc's own linker on Linux since 1.90,
//! keeps one copy of each (`--icf=all`), and 160 kB less are shipped. Another linker may not know the
//! option. So it is tried on an empty program first, and left out where that fails.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::PathBuf,
    process::{Command, Stdio},
};

const OPTION: &str = "-Wl,--icf=all";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // What is built to be tested need not be small, but soon there.
    if variable("PROFILE") == "release"
        && variable("CARGO_CFG_TARGET_OS") == "linux"
        && links_with_option().unwrap_or(false)
    {
        println!("cargo::rustc-link-arg-bins={OPTION}");
    }
}

fn links_with_option() -> io::Result<bool> {
    let folder = PathBuf::from(variable("OUT_DIR"));
    let source = folder.join("empty.rs");
    fs::write(&source, "fn main() {}\n")?;
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.arg("--target").arg(variable("TARGET"));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut setting = OsString::from("linker=");
        setting.push(linker);
        rustc.arg("-C").arg(setting);
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    rustc
        .args(flags.split('\x1f').filter(|flag| !flag.is_empty()))
        .arg("-C")
        .arg(format!("link-arg={OPTION}"))
        .arg("-o")
        .arg(folder.join("empty"))
        .arg(source)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok(rustc.status()?.success())
}

/// Empty where it is not set.
fn variable(name: &str) -> OsString {
    env::var_os(name).unwrap_or_default()
}
