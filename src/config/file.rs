//! The file as it stands: every key that may be written, and nothing else.
//!
//! Values that can be wrong in themselves are [`Spanned`], so that an error can point at the line.
//! The annotated example is `config/homerealm.toml`; `tests/documentation.rs` holds the two together.

mod application;
mod claims;
mod entra;
mod metadata;
mod one_or_several;
mod route;
mod sync;
mod upstream;

pub(super) use application::{Application, Hint};
pub(super) use claims::{
    Access, AttributeTest, Claim, ClaimSource, Condition, NameFormat, NameId, NameIdSource,
};
pub(super) use entra::{Cloud, Entra, FederationProtocol, GraphCredential, MfaBehavior};
pub(super) use metadata::{EncryptAssertions, EncryptionAlgorithm, Metadata};
pub(crate) use one_or_several::OneOrSeveral;
pub(super) use route::{EntraDoor, HomeRealm, Route};
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
    pub signing: Signing,
    #[serde(default)]
    pub session: Session,
    #[serde(default)]
    pub guard: Guard,
    #[serde(default)]
    pub requests: Requests,
    #[serde(default)]
    pub ws_trust: WsTrust,
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // the keys of a file, each a switch of its own
pub(super) struct RelyingParty {
    pub entity_id: Spanned<String>,
    pub preset: Preset,
    pub display_name: Option<String>,
    pub audience: Option<String>,
    pub protocols: Option<Spanned<Vec<Protocol>>>,
    pub assertion_consumer_services: Option<Spanned<Vec<Spanned<String>>>>,
    pub metadata: Option<Spanned<Metadata>>,
    pub reply_addresses: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    pub token: Token,
    pub request_signatures: Option<RequestSignatures>,
    #[serde(default)]
    pub request_certificates: Vec<PathBuf>,
    #[serde(default)]
    pub permit_sha1_requests: bool,
    pub single_logout_service: Option<Spanned<String>>,
    pub single_logout_response_service: Option<Spanned<String>>,
    pub single_logout_binding: Option<Spanned<LogoutBinding>>,
    #[serde(default)]
    pub permit_unsigned_logout: bool,
    #[serde(default)]
    pub idp_initiated: bool,
    #[serde(default)]
    pub password_expiry: bool,
    #[serde(default)]
    pub sign_response: bool,
    pub encrypt_assertions: Option<Spanned<EncryptAssertions>>,
    pub encryption_certificate: Option<Spanned<PathBuf>>,
    pub encryption_algorithm: Option<Spanned<EncryptionAlgorithm>>,
    pub assertion_lifetime_minutes: Option<Spanned<u32>>,
    pub not_before_skew_seconds: Option<Spanned<u32>>,
    pub issuer: Option<Spanned<String>>,
    pub name_id: Option<Spanned<NameId>>,
    pub access: Option<Spanned<Access>>,
    #[serde(default)]
    pub claim: Vec<Claim>,
    pub ws_trust_addresses: Option<Vec<Spanned<String>>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Preset {
    Entra,
    EntraExternal,
    Saml2,
    WsFederation,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RequestSignatures {
    NotVerified,
    WhenPresent,
    Required,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Protocol {
    Saml2,
    WsFederation,
    WsTrust,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LogoutBinding {
    Redirect,
    Post,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) enum Token {
    #[default]
    #[serde(rename = "saml1.1")]
    Saml1,
    #[serde(rename = "saml2")]
    Saml2,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // the keys of a file, each a switch of its own
pub(super) struct Directory {
    pub name: Option<Spanned<String>>,
    pub email_domains: Option<Vec<Spanned<String>>>,
    pub servers: Option<Spanned<Vec<Spanned<String>>>>,
    pub discover: Option<Spanned<Discover>>,
    #[serde(default)]
    pub starttls: bool,
    #[serde(default)]
    pub plaintext_on_purpose: bool,
    #[serde(default)]
    pub password_change: PasswordChange,
    pub ca: Option<PathBuf>,
    pub bind_dn: Spanned<String>,
    pub bind_password: Spanned<Credential>,
    pub base: Spanned<String>,
    pub scope: Option<Vec<Spanned<String>>>,
    pub filter: Option<Spanned<String>>,
    #[serde(default = "sign_in_attributes")]
    pub sign_in_attributes: Spanned<Vec<SignInAttribute>>,
    pub immutable_id: Option<Spanned<ImmutableId>>,
    #[serde(default)]
    pub permit_privileged_accounts: bool,
    #[serde(default)]
    pub refuse_groups: Vec<Spanned<String>>,
    #[serde(default)]
    pub own_domains: Vec<Spanned<String>>,
    #[serde(default)]
    pub permit_own_domains: bool,
    #[serde(default = "five_seconds")]
    pub deadline_seconds: Spanned<u32>,
    #[serde(default = "seven_hundred")]
    pub attempt_milliseconds: Spanned<u32>,
    #[serde(default = "two")]
    pub search_connections: Spanned<u32>,
    #[serde(default = "sixty_four")]
    pub searches_at_once: Spanned<u32>,
    #[serde(default = "sixteen")]
    pub password_connections: Spanned<u32>,
    #[serde(default = "one_minute")]
    pub mapping_cache_seconds: Spanned<u32>,
}

/// `discover`: servers found by DNS.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Discover {
    pub domain: Spanned<String>,
    pub site: Option<Spanned<String>>,
    #[serde(default)]
    pub within: Vec<Spanned<String>>,
    #[serde(default)]
    pub dns_servers: Vec<Spanned<String>>,
    #[serde(default = "six_three_six")]
    pub ldaps_port: Spanned<u32>,
    #[serde(default)]
    pub certificate_names: CertificateNames,
}

/// The names that the certificate of a discovered server must have.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum CertificateNames {
    #[default]
    ServerAndDomain,
    Server,
}

fn six_three_six() -> Spanned<u32> {
    Spanned::new(0..0, 636)
}

fn sign_in_attributes() -> Spanned<Vec<SignInAttribute>> {
    Spanned::new(
        0..0,
        vec![
            SignInAttribute::Mail,
            SignInAttribute::ProxyAddresses,
            SignInAttribute::UserPrincipalName,
        ],
    )
}

fn five_seconds() -> Spanned<u32> {
    Spanned::new(0..0, 5)
}

fn seven_hundred() -> Spanned<u32> {
    Spanned::new(0..0, 700)
}

fn two() -> Spanned<u32> {
    Spanned::new(0..0, 2)
}

fn sixty_four() -> Spanned<u32> {
    Spanned::new(0..0, 64)
}

fn sixteen() -> Spanned<u32> {
    Spanned::new(0..0, 16)
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PasswordChange {
    #[default]
    Off,
    ActiveDirectory,
    PasswordModify,
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

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) enum SignInAttribute {
    #[serde(rename = "mail")]
    Mail,
    #[serde(rename = "proxyAddresses")]
    ProxyAddresses,
    #[serde(rename = "userPrincipalName")]
    UserPrincipalName,
    #[serde(rename = "sAMAccountName")]
    SamAccountName,
}

#[derive(Debug, Deserialize)]
pub(super) enum ImmutableId {
    #[serde(rename = "consistency-guid-then-object-guid")]
    ConsistencyGuidThenObjectGuid,
    #[serde(rename = "object-guid")]
    ObjectGuid,
    #[serde(rename = "text-attribute")]
    TextAttribute(String),
    #[serde(rename = "binary-attribute")]
    BinaryAttribute(String),
}
