//! The file as it stands: every key that may be written, and nothing else.
//!
//! Values that can be wrong in themselves are [`Spanned`], so that an error can point at the line.
//! The annotated example is `config/homerealm.toml`; `tests/documentation.rs` holds the two together.

mod application;
mod audit;
mod claims;
mod directory;
mod entra;
mod metadata;
mod one_or_several;
mod relying_party;
mod route;
mod store;
mod sync;
mod upstream;

pub(super) use application::{Application, Hint};
pub(super) use audit::{Audit, Sync as AuditSync, WhenUnwritable};
pub(super) use claims::{
    Access, AttributeTest, Claim, ClaimSource, Condition, NameFormat, NameId, NameIdSource,
};
pub(super) use directory::{
    CertificateNames, Directory, Discover, ImmutableId, PasswordChange, SignInAttribute,
};
pub(super) use entra::{Cloud, Entra, FederationProtocol, GraphCredential, MfaBehavior};
pub(super) use metadata::{EncryptAssertions, EncryptionAlgorithm, Metadata};
pub(crate) use one_or_several::OneOrSeveral;
pub(super) use relying_party::{
    LogoutBinding, Preset, Protocol, RelyingParty, RequestSignatures, Token,
};
pub(super) use route::{EntraDoor, HomeRealm, Route};
pub(super) use store::{Store, WhenUnavailable};
pub(super) use sync::Sync;
pub(super) use upstream::{
    Address as UpstreamAddress, LoginHint as UpstreamLoginHint, OpenId as UpstreamOpenId,
    Saml2 as UpstreamSaml2, Upstream,
};

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub base_url: Spanned<String>,
    pub support_contact: Option<String>,
    pub password_reset_url: Option<Spanned<String>>,
    pub listen: Spanned<Listen>,
    pub operations: Option<Operations>,
    #[serde(default)]
    pub log: Log,
    #[serde(default)]
    pub audit: Audit,
    pub signing: Signing,
    #[serde(default)]
    pub session: Session,
    #[serde(default)]
    pub guard: Guard,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub requests: Requests,
    #[serde(default)]
    pub ws_trust: WsTrust,
    pub store: Option<Spanned<Store>>,
    pub entra: Option<Entra>,
    #[serde(default)]
    pub sync: Sync,
    pub federated_domain: Vec<FederatedDomain>,
    pub pairwise_salt: Option<Spanned<Credential>>,
    #[serde(default)]
    pub relying_party: Vec<RelyingParty>,
    pub relying_party_folder: Option<PathBuf>,
    pub state_folder: Option<PathBuf>,
    #[serde(default)]
    pub application: Vec<Application>,
    #[serde(default)]
    pub route: Vec<Spanned<Route>>,
    #[serde(default)]
    pub upstream: Vec<Upstream>,
    pub directory: OneOrSeveral<Directory>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listen {
    pub address: SocketAddr,
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    #[serde(default)]
    pub plain_http_behind_a_tls_proxy: bool,
    #[serde(default)]
    pub trusted_proxies: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub connections: Option<Spanned<u32>>,
    pub sign_ins: Option<Spanned<u32>>,
    pub passwords: Option<Spanned<u32>>,
    pub upstream_answers: Option<Spanned<u32>>,
    pub longest_wait_milliseconds: Option<Spanned<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operations {
    pub address: SocketAddr,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    #[serde(default)]
    pub format: LogFormat,
    #[serde(default)]
    pub level: LogLevel,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signing {
    pub key: PathBuf,
    pub certificate: PathBuf,
    pub next_key: Option<PathBuf>,
    pub next_certificate: Option<PathBuf>,
    pub warn_days: Option<Spanned<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    #[serde(default = "eight_hours")]
    pub lifetime_minutes: Spanned<u32>,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            lifetime_minutes: eight_hours(),
        }
    }
}

fn eight_hours() -> Spanned<u32> {
    Spanned::new(0..0, 480)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Guard {
    pub failures_per_account: Option<Spanned<u32>>,
    pub account_window_minutes: Option<Spanned<u32>>,
    pub failures_per_source: Option<Spanned<u32>>,
    pub source_window_minutes: Option<Spanned<u32>>,
    pub familiar_days: Option<Spanned<u32>>,
    pub refusal_step_milliseconds: Option<Spanned<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Requests {
    #[serde(default = "ten_minutes")]
    pub lifetime_minutes: Spanned<u32>,
    #[serde(default = "one_minute")]
    pub clock_skew_seconds: Spanned<u32>,
    #[serde(default)]
    pub corporate_networks: Vec<Spanned<String>>,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            lifetime_minutes: ten_minutes(),
            clock_skew_seconds: one_minute(),
            corporate_networks: Vec::new(),
        }
    }
}

fn ten_minutes() -> Spanned<u32> {
    Spanned::new(0..0, 10)
}

fn one_minute() -> Spanned<u32> {
    Spanned::new(0..0, 60)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WsTrust {
    #[serde(default)]
    pub enabled: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FederatedDomain {
    pub suffix: Spanned<String>,
    pub issuer: Spanned<String>,
}

/// What the service account proves itself with, by reference: secrets themselves never stand in
/// the file.
#[derive(Debug)]
pub(super) enum Credential {
    File(PathBuf),
    Env(String),
    Certificate { chain: PathBuf, key: PathBuf },
}

impl<'de> Deserialize<'de> for Credential {
    /// By hand, since serde's own errors quote the value: a password written where the reference
    /// belongs would be printed, and end in the journal.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const SHAPE: &str = "a secret is { file = \"PATH\" } or { env = \"NAME\" } or \
                             { certificate = \"PATH\", key = \"PATH\" }, and never stands in this \
                             file itself";

        let wrong = || D::Error::custom(SHAPE);
        let written = BTreeMap::<String, String>::deserialize(deserializer).map_err(|_| wrong())?;
        let written: Vec<_> = written
            .iter()
            .map(|(kind, name)| (kind.as_str(), name))
            .collect();
        match written[..] {
            [("file", path)] => Ok(Self::File(path.into())),
            [("env", name)] => Ok(Self::Env(name.clone())),
            // Sorted by their names.
            [("certificate", chain), ("key", key)] => Ok(Self::Certificate {
                chain: chain.into(),
                key: key.into(),
            }),
            _ => Err(wrong()),
        }
    }
}
