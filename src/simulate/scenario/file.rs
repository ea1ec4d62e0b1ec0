//! The file of a scenario: every key that may be written, and nothing else.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

use super::{Action, Expectation, NoExpectation, Person, Scenario, Settings, Step};
use crate::{
    config::{ConfigError, OneOrSeveral, SecretSource, Source},
    http::OwnFields,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    user: User,
    #[serde(default)]
    browser: Browser,
    #[serde(default)]
    step: Vec<Spanned<FileStep>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    name: String,
    password: Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Secret {
    File(PathBuf),
    Env(String),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Browser {
    ca: Option<PathBuf>,
    #[serde(default)]
    addresses: BTreeMap<String, SocketAddr>,
    name_field: Option<String>,
    password_field: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileStep {
    #[serde(rename = "do")]
    action: Action,
    name: Option<String>,
    expect: Option<Spanned<OneOrSeveral<String>>>,
    #[serde(default)]
    mfa: bool,
    #[serde(default)]
    clock_ahead_seconds: i64,
    #[serde(default)]
    roll_over: bool,
    #[serde(default)]
    federation: Map<String, Value>,
    #[serde(default)]
    user: Map<String, Value>,
}

/// Reads a scenario. Files that it names are looked for beside it.
///
/// # Errors
/// When the file cannot be read, or says what cannot be.
pub fn read(path: &Path) -> Result<Scenario, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    parse(&text, &path.display().to_string(), folder)
}

/// The same of a text; `file` is its name for errors, `folder` where files that it names are.
///
/// # Errors
/// When it says what cannot be, with the line.
pub fn parse(text: &str, file: &str, folder: &Path) -> Result<Scenario, ConfigError> {
    let source = Source { file, text };
    let file: File = toml::from_str(text).map_err(|error| source.toml(&error))?;
    if file.step.is_empty() {
        return Err(source.invalid(0..0, "there is no [[step]]: nothing would be tried"));
    }
    let steps = file.step.into_iter().map(|step| checked(step, source));
    Ok(Scenario {
        name: file.name,
        person: Person {
            name: file.user.name,
            password: match file.user.password {
                Secret::File(path) => SecretSource::File(folder.join(path)),
                Secret::Env(name) => SecretSource::Env(name),
            },
        },
        browser: Settings {
            ca: file.browser.ca.map(|path| folder.join(path)),
            addresses: file.browser.addresses.into_iter().collect(),
            own_fields: OwnFields {
                name: file.browser.name_field,
                password: file.browser.password_field,
            },
        },
        steps: steps.collect::<Result<_, _>>()?,
    })
}

fn checked(step: Spanned<FileStep>, source: Source<'_>) -> Result<Step, ConfigError> {
    let step = step.into_inner();
    Ok(Step {
        name: step.name.unwrap_or_else(|| step.action.as_str().to_owned()),
        action: step.action,
        expect: match step.expect {
            Some(expect) => expectations(&expect, step.action, source)?,
            None if step.action.is_judged() => vec![Expectation::Accepted],
            None => vec![Expectation::NoAnswer],
        },
        mfa: step.mfa,
        clock_ahead_seconds: step.clock_ahead_seconds,
        roll_over: step.roll_over,
        federation: step.federation,
        user: step.user,
    })
}

fn expectations(
    expect: &Spanned<OneOrSeveral<String>>,
    action: Action,
    source: Source<'_>,
) -> Result<Vec<Expectation>, ConfigError> {
    let wrong = |why: String| source.invalid(expect.span(), why);
    if !action.is_judged() {
        return Err(wrong(format!(
            "no answer of {} comes to Entra",
            action.as_str()
        )));
    }
    let OneOrSeveral(expected) = expect.get_ref();
    if expected.is_empty() {
        return Err(wrong("the list is empty: nothing would do".to_owned()));
    }
    expected
        .iter()
        .map(|text| {
            text.parse()
                .map_err(|error: NoExpectation| wrong(error.to_string()))
        })
        .collect()
}
