//! The store that several nodes have in common.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use toml::Spanned;

use crate::{
    http::tls::{self, ClientOptions},
    keys::SharedSecret,
    provider::SharedParts,
    store::{Servers, SharedSettings, StoreAddress, WhenUnavailable},
};

use super::{
    super::{ConfigError, SecretSource, error::Source, file, read_bytes},
    number, secret,
};

/// The shared store, its secrets and certificates still files.
#[derive(Debug)]
pub struct Store {
    /// Its servers, in the order in which they are tried.
    pub addresses: Vec<StoreAddress>,
    user: Option<String>,
    password: Option<SecretSource>,
    ca: Option<PathBuf>,
    /// What all its keys begin with.
    pub prefix: String,
    seal_key: SecretSource,
    other_seal_key: Option<SecretSource>,
    deadline: Duration,
    when_unavailable: WhenUnavailable,
}

impl Store {
    /// How its servers are reached: the password read and the private CA loaded.
    ///
    /// # Errors
    /// When one of the files cannot be read.
    pub fn servers(&self) -> Result<Servers, ConfigError> {
        let roots = self.ca.as_deref().map(read_bytes).transpose()?;
        let trust = ClientOptions {
            roots_pem: match &roots {
                Some(roots) => Some(roots),
                // Nothing is trusted where nobody speaks TLS; the system's files are left alone.
                None if self.addresses.iter().all(|address| !address.is_tls()) => Some(&[]),
                None => None,
            },
            ..ClientOptions::default()
        };
        let tls = if trust.roots_pem == Some(&[]) {
            tls::client_config(&[])
        } else {
            tls::client_config_with(trust)
        };
        let tls = tls.map_err(|error| ConfigError::Tls {
            what: match &self.ca {
                Some(path) => path.display().to_string(),
                None => "the system's certificates".to_owned(),
            },
            cause: error.to_string(),
        })?;
        let password = self.password.as_ref().map(SecretSource::read).transpose()?;
        Ok(Servers {
            addresses: self.addresses.clone(),
            tls,
            user: self.user.clone(),
            password,
        })
    }

    /// What the nodes' seals are made of.
    ///
    /// # Errors
    /// When a file cannot be read, or has fewer than 32 characters.
    pub fn secret(&self) -> Result<SharedSecret, ConfigError> {
        let other = self.other_seal_key.as_ref().map(SecretSource::read);
        let other = other.transpose()?;
        let current = self.seal_key.read()?;
        let secret = SharedSecret::new(&current, other.as_ref().map(|other| other.as_str()));
        secret.map_err(|source| ConfigError::SealKey {
            what: self.seal_key.to_string(),
            source,
        })
    }

    /// All that a node needs of it.
    ///
    /// # Errors
    /// When one of the files cannot be read, or a secret is too short.
    pub fn load(&self) -> Result<SharedParts, ConfigError> {
        Ok(SharedParts {
            store: SharedSettings {
                servers: self.servers()?,
                prefix: self.prefix.clone(),
                deadline: self.deadline,
                when_unavailable: self.when_unavailable,
            },
            secret: self.secret()?,
        })
    }
}

pub(super) fn build(
    table: Option<&Spanned<file::Store>>,
    source: Source<'_>,
    folder: &Path,
) -> Result<Option<Store>, ConfigError> {
    let Some(table) = table else {
        return Ok(None);
    };
    let file = table.as_ref();
    let of = |credential: &Option<Spanned<file::Credential>>| {
        let credential = credential.as_ref();
        credential
            .map(|credential| secret(credential, source, folder))
            .transpose()
    };
    let password = of(&file.password)?;
    if let (Some(user), None) = (&file.user, &password) {
        return Err(source.invalid(user.span(), "a user needs its password"));
    }
    let deadline = match &file.deadline_milliseconds {
        Some(deadline) => number(deadline, 10..=5_000, source)?,
        None => 250,
    };
    Ok(Some(Store {
        addresses: addresses(file, source)?,
        user: file.user.as_ref().map(|user| user.as_ref().clone()),
        password,
        ca: file.ca.as_ref().map(|path| folder.join(path)),
        prefix: prefix(file.prefix.as_ref(), source)?,
        seal_key: secret(&file.seal_key, source, folder)?,
        other_seal_key: of(&file.other_seal_key)?,
        deadline: Duration::from_millis(deadline.into()),
        when_unavailable: match file.when_unavailable {
            file::WhenUnavailable::GoOn => WhenUnavailable::GoOn,
            file::WhenUnavailable::Refuse => WhenUnavailable::Refuse,
        },
    }))
}

fn addresses(file: &file::Store, source: Source<'_>) -> Result<Vec<StoreAddress>, ConfigError> {
    let mut addresses = Vec::new();
    for written in file.servers.as_ref() {
        let wrong = |message: String| source.invalid(written.span(), message);
        let text = written.as_ref();
        let address: StoreAddress = text
            .parse()
            // Not quoted: a password may have been written there.
            .map_err(|error| wrong(format!("the address of a server {error}")))?;
        if address.is_tls() == file.plaintext_on_purpose {
            return Err(wrong(format!(
                "{address}: use rediss://, or redis:// with plaintext_on_purpose = true where the \
                 password may cross the wire in clear"
            )));
        }
        addresses.push(address);
    }
    if addresses.is_empty() {
        return Err(source.invalid(file.servers.span(), "no server is named"));
    }
    Ok(addresses)
}

fn prefix(prefix: Option<&Spanned<String>>, source: Source<'_>) -> Result<String, ConfigError> {
    let Some(prefix) = prefix else {
        return Ok("homerealm".to_owned());
    };
    let text = prefix.as_ref();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    if text.is_empty() || text.len() > 64 || !text.bytes().all(is_plain) {
        let message = "a prefix has 1 to 64 ASCII letters, digits and -_.:";
        return Err(source.invalid(prefix.span(), message));
    }
    Ok(text.clone())
}
