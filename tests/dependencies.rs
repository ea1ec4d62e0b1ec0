//! What is compiled into Homerealm: no banned crate, only permitted licences, and each direct
//! dependency justified in ARCHITECTURE.md.

// Whatever fails here fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use serde_json::Value;
use toml::Table;

/// Runs cargo on this package, without the network.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo starts");
    assert!(
        output.status.success(),
        "cargo {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("cargo speaks UTF-8")
}

/// Name and version of every package that a build compiles, Homerealm itself included.
fn compiled() -> BTreeSet<(String, String)> {
    let tree = cargo(&[
        "tree",
        "--offline",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--no-dedupe",
    ]);
    let packages: BTreeSet<_> = tree
        .lines()
        .map(|line| {
            let mut words = line.split(' ');
            let name = words.next().unwrap().to_owned();
            let version = words.next().unwrap().trim_start_matches('v').to_owned();
            (name, version)
        })
        .collect();
    assert!(
        packages.iter().any(|(name, _)| name == "rustls"),
        "{packages:?}"
    );
    packages
}

/// `cargo metadata` for this machine: packages for other systems need not have been downloaded.
fn metadata() -> Value {
    let version = cargo(&["-vV"]);
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("cargo names its host");
    let text = cargo(&[
        "metadata",
        "--offline",
        "--format-version",
        "1",
        "--filter-platform",
        host,
    ]);
    serde_json::from_str(&text).expect("metadata is JSON")
}

fn read(file: &str) -> String {
    fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).expect(file)
}

fn deny() -> Table {
    read("deny.toml").parse().expect("deny.toml is TOML")
}

fn texts(value: &toml::Value) -> Vec<String> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// Major and minor version.
fn release(version: &str) -> (u64, u64) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap());
    (parts.next().unwrap(), parts.next().unwrap())
}

#[test]
fn no_banned_crate_is_compiled() {
    let deny = deny();
    let banned: Vec<String> = deny["bans"]["deny"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["crate"].as_str().unwrap().to_owned())
        .collect();
    for name in [
        "ring",
        "rsa",
        "openssl-sys",
        "native-tls",
        "libxml",
        "samael",
    ] {
        assert!(
            banned.iter().any(|entry| entry == name),
            "deny.toml permits {name}"
        );
    }
    let compiled = compiled();
    for entry in banned {
        let (name, below) = match entry.split_once(":<") {
            Some((name, below)) => (name, Some(release(below))),
            None => (entry.as_str(), None),
        };
        for (_, version) in compiled.iter().filter(|(compiled, _)| compiled == name) {
            assert!(
                below.is_some_and(|below| release(version) >= below),
                "{name} {version} is compiled; deny.toml bans {entry}"
            );
        }
    }
}

#[test]
fn licences_are_those_of_deny_toml() {
    let deny = deny();
    let allowed = texts(&deny["licenses"]["allow"]);
    let exceptions: BTreeMap<String, Vec<String>> = deny["licenses"]["exceptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["crate"].as_str().unwrap().to_owned(),
                texts(&entry["allow"]),
            )
        })
        .collect();
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{}", packages.len());
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"]
            .as_str()
            .unwrap_or_else(|| panic!("{name} names no licence"));
        let mut permitted = allowed.clone();
        permitted.extend(exceptions.get(name).cloned().unwrap_or_default());
        assert!(permits(licence, &permitted), "{name}: {licence}");
    }
}

/// Whether an SPDX expression can be met with licences of the list. AND binds tighter than OR; the
/// `/` of old manifests means OR.
fn permits(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any_of(&mut words, allowed);
    assert_eq!(words.next(), None, "{expression} is no SPDX expression");
    met
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = all_of(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all_of(words, allowed);
    }
    met
}

fn all_of(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let word = words.next().expect("an SPDX expression goes on");
    if word == "(" {
        let met = any_of(words, allowed);
        assert_eq!(words.next(), Some(")"));
        return met;
    }
    let mut licence = word.to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        licence = format!(
            "{licence} WITH {}",
            words.next().expect("WITH names an exception")
        );
    }
    allowed.contains(&licence)
}

#[test]
fn spdx_expressions_are_understood() {
    let allowed = ["MIT".to_owned(), "Apache-2.0 WITH X".to_owned()];
    for (expression, met) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("MIT AND (GPL-3.0 OR MIT)", true),
        ("GPL-3.0 OR MIT AND BSD", false),
        ("Apache-2.0 WITH X AND MIT", true),
        ("Apache-2.0", false),
    ] {
        assert_eq!(permits(expression, &allowed), met, "{expression}");
    }
}

/// The lines of the table in the section "Dependencies".
fn justified() -> BTreeSet<String> {
    let page = read("ARCHITECTURE.md");
    let section = page
        .split("\n## ")
        .find(|section| section.starts_with("Dependencies\n"))
        .expect("ARCHITECTURE.md has a section on dependencies");
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(name, reason)| {
            assert!(reason.len() > "x |".len(), "{name} has no reason");
            name.to_owned()
        })
        .collect()
}

#[test]
fn each_direct_dependency_is_justified_and_nothing_else() {
    let metadata = metadata();
    let homerealm = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|package| package["name"] == "homerealm")
        .expect("this package");
    let named: BTreeSet<String> = homerealm["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        justified(),
        named,
        "left: ARCHITECTURE.md, right: Cargo.toml"
    );
}

#[test]
fn the_number_of_packages_is_the_one_that_is_told() {
    let page = read("ARCHITECTURE.md");
    let told: usize = page
        .split("**")
        .find_map(|bold| bold.strip_suffix(" packages")?.parse().ok())
        .expect("ARCHITECTURE.md says how many packages are compiled");
    assert_eq!(
        compiled().len(),
        told,
        "left: compiled, right: ARCHITECTURE.md"
    );
}
