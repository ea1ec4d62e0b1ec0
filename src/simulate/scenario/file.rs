//! The file of a scenario: every key that may be written, and nothing else.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

use super::{Action, Person, Scenario, Settings, Step};
use crate::config::{ConfigError, OneOrSeveral, SecretSource, Source};

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
    federation: Map<String, Value>,
}

/// What sign-in pages call the name: Homerealm, `SimpleSAMLphp`, Shibboleth and AD FS, and others.
const NAME_FIELDS: [&str; 5] = ["name", "username", "j_username", "UserName", "email"];
/// What they call the password.
const PASSWORD_FIELDS: [&str; 3] = ["password", "j_password", "Password"];

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
    let fields = |own: Option<String>, usual: &[&str]| match own {
        Some(own) => vec![own],
        None => usual.iter().map(|&field| field.to_owned()).collect(),
    };
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
            name_fields: fields(file.browser.name_field, &NAME_FIELDS),
            password_fields: fields(file.browser.password_field, &PASSWORD_FIELDS),
        },
        steps: steps.collect::<Result<_, _>>()?,
    })
}

fn checked(step: Spanned<FileStep>, source: Source<'_>) -> Result<Step, ConfigError> {
    let step = step.into_inner();
    if let Some(expect) = &step.expect {
        let OneOrSeveral(codes) = expect.get_ref();
        if codes.is_empty() || !codes.iter().all(|code| is_code(code)) {
            return Err(source.invalid(
                expect.span(),
                "this is no code of Entra's, such as \"AADSTS50107\"",
            ));
        }
        if !step.action.is_judged() {
            return Err(source.invalid(
                expect.span(),
                format!("no answer of {} comes to Entra", step.action.as_str()),
            ));
        }
    }
    Ok(Step {
        name: step.name.unwrap_or_else(|| step.action.as_str().to_owned()),
        action: step.action,
        expect: step.expect.map_or_else(Vec::new, |it| it.into_inner().0),
        mfa: step.mfa,
        clock_ahead_seconds: step.clock_ahead_seconds,
        federation: step.federation,
    })
}

fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix("AADSTS");
    digits.is_some_and(|it| !it.is_empty() && it.bytes().all(|c| c.is_ascii_digit()))
}
