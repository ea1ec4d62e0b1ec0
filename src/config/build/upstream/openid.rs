//! `openid` of an `[[upstream]]`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use time::Duration;
use toml::Spanned;

use crate::{
    keys::Signer,
    openid::ClientAuthentication,
    upstream::{
        OPENID_ANSWERS,
        openid::{OpenId, Settings, SeveralFactors, Verified},
    },
};

use super::super::{
    super::{ConfigError, SecretSource, error::Source, file, read_bytes, secret},
    SystemRoots, https_url, seconds,
};

/// Its settings, secrets still files.
#[derive(Debug)]
pub(in crate::config) struct OpenIdFiles {
    issuer: String,
    client_id: String,
    credential: Credential,
    redirect_uri: String,
    scopes: Vec<String>,
    address_claim: String,
    verified: Verified,
    several_factors: SeveralFactors,
    clock_skew: Duration,
    ca: Option<PathBuf>,
}

#[derive(Debug)]
enum Credential {
    Secret(SecretSource),
    Key { certificate: PathBuf, key: PathBuf },
}

pub(super) fn build(
    table: &Spanned<file::UpstreamOpenId>,
    base_url: &str,
    source: Source<'_>,
    folder: &Path,
) -> Result<OpenIdFiles, ConfigError> {
    let openid = table.as_ref();
    let client_id = openid.client_id.as_ref();
    if client_id.is_empty() {
        return Err(source.invalid(openid.client_id.span(), "client_id is empty"));
    }
    let scopes = match &openid.scopes {
        None => vec!["email".to_owned()],
        Some(scopes) => scopes
            .iter()
            .map(|one| scope(one, source))
            .collect::<Result<_, _>>()?,
    };
    let several_factors = match &openid.several_factors {
        None => SeveralFactors::default(),
        Some(words) => SeveralFactors {
            acr: words.acr.clone(),
            amr: words.amr.clone(),
        },
    };
    let skew = openid.clock_skew_seconds.as_ref();
    let skew = skew
        .map(|skew| seconds(skew, 0..=600, source))
        .transpose()?;
    let skew = skew.map_or(60, |skew| skew.as_secs());
    Ok(OpenIdFiles {
        issuer: issuer(&openid.issuer, source)?,
        client_id: client_id.clone(),
        credential: match openid.client_credential.as_ref() {
            file::Credential::File(path) => {
                Credential::Secret(SecretSource::File(folder.join(path)))
            }
            file::Credential::Env(name) => Credential::Secret(SecretSource::Env(name.clone())),
            file::Credential::Certificate { chain, key } => Credential::Key {
                certificate: folder.join(chain),
                key: folder.join(key),
            },
        },
        redirect_uri: format!("{base_url}{OPENID_ANSWERS}"),
        scopes,
        address_claim: address_claim(openid).to_owned(),
        verified: verified(openid, source)?,
        several_factors,
        clock_skew: Duration::seconds(i64::try_from(skew).unwrap_or(60)),
        ca: openid.ca.as_ref().map(|path| folder.join(path)),
    })
}

/// As it names itself, letter by letter: so nothing about it is changed here.
fn issuer(text: &Spanned<String>, source: Source<'_>) -> Result<String, ConfigError> {
    let parsed = https_url(text.as_ref(), text.span(), source)?;
    if parsed.query().is_some() || text.as_ref().contains('#') {
        let message = "an issuer has no query and no fragment (OpenID Connect Core 2)";
        return Err(source.invalid(text.span(), message));
    }
    Ok(text.as_ref().clone())
}

/// RFC 6749 3.3.
fn scope(text: &Spanned<String>, source: Source<'_>) -> Result<String, ConfigError> {
    let scope = text.as_ref();
    let plain = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
    if scope.is_empty() || !scope.chars().all(plain) {
        let message = format!("{scope:?} is no scope: one word for each");
        return Err(source.invalid(text.span(), message));
    }
    Ok(scope.clone())
}

fn address_claim(openid: &file::UpstreamOpenId) -> &str {
    let claim = openid.address_claim.as_ref();
    claim.map_or("email", |claim| claim.as_ref())
}

/// What `email_verified` says, it says of `email`: another claim needs another word.
fn verified(openid: &file::UpstreamOpenId, source: Source<'_>) -> Result<Verified, ConfigError> {
    match (&openid.verified_claim, openid.unverified_on_purpose) {
        (Some(claim), true) => Err(source.invalid(
            claim.span(),
            "verified_claim and unverified_on_purpose contradict each other",
        )),
        (Some(claim), false) => Ok(Verified::IfClaimed(claim.as_ref().clone())),
        (None, true) => Ok(Verified::Always),
        (None, false) => match &openid.address_claim {
            Some(claim) if claim.as_ref() != "email" => Err(source.invalid(
                claim.span(),
                "email_verified speaks of the claim email alone; name a verified_claim that \
                 speaks of this one, or say unverified_on_purpose = true where nobody at the \
                 issuer can choose its value",
            )),
            _ => Ok(Verified::IfClaimed("email_verified".to_owned())),
        },
    }
}

impl OpenIdFiles {
    pub(in crate::config) fn load(&self) -> Result<OpenId, ConfigError> {
        let authentication = match &self.credential {
            Credential::Secret(secret) => ClientAuthentication::Secret(secret.read()?),
            Credential::Key { certificate, key } => {
                let private = secret::read_private(key)?;
                let signer = Signer::from_pem(&private, &read_bytes(certificate)?);
                let signer = signer.map_err(|source| ConfigError::Key {
                    path: key.clone(),
                    source,
                })?;
                ClientAuthentication::Key(Arc::new(signer))
            }
        };
        Ok(OpenId::new(Settings {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            authentication,
            redirect_uri: self.redirect_uri.clone(),
            scopes: self.scopes.clone(),
            address_claim: self.address_claim.clone(),
            verified: self.verified.clone(),
            several_factors: self.several_factors.clone(),
            clock_skew: self.clock_skew,
            tls: SystemRoots::default().or(self.ca.as_deref())?,
        }))
    }
}
