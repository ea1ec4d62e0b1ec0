use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::Protocol;
use crate::keys::Certificate;

/// Graph's `internalDomainFederation`, read and written by Graph's own property names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InternalDomainFederation {
    /// `displayName`: the brand on Entra's pages.
    pub display_name: String,
    /// `issuerUri`: what the Issuer of each assertion must equal, character for character.
    #[serde(deserialize_with = "issuer")]
    pub issuer_uri: String,
    /// `preferredAuthenticationProtocol`: which requests Entra sends, and which answers it takes.
    pub preferred_authentication_protocol: PreferredAuthenticationProtocol,
    /// `passiveSignInUri`: where browsers are sent; https, may have a query.
    #[serde(deserialize_with = "address")]
    pub passive_sign_in_uri: String,
    /// `activeSignInUri`: where applications ask for a token by WS-Trust.
    #[serde(default, deserialize_with = "maybe_address")]
    pub active_sign_in_uri: Option<String>,
    /// `metadataExchangeUri`: where they learn by which versions of it.
    #[serde(default, deserialize_with = "maybe_address")]
    pub metadata_exchange_uri: Option<String>,
    /// `signOutUri`: where browsers are sent when they sign out.
    #[serde(default, deserialize_with = "maybe_address")]
    pub sign_out_uri: Option<String>,
    /// `signingCertificate`: base64 of DER, without armour and line breaks.
    #[serde(serialize_with = "base64", deserialize_with = "certificate")]
    pub signing_certificate: Certificate,
    /// `nextSigningCertificate`: trusted as well, for roll-over.
    #[serde(
        default,
        serialize_with = "maybe_base64",
        deserialize_with = "maybe_certificate"
    )]
    pub next_signing_certificate: Option<Certificate>,
    /// `federatedIdpMfaBehavior`.
    #[serde(default)]
    pub federated_idp_mfa_behavior: FederatedIdpMfaBehavior,
    /// `promptLoginBehavior`; `None` does as `translateToFreshPasswordAuthentication` (facts 2.2).
    #[serde(default)]
    pub prompt_login_behavior: Option<PromptLoginBehavior>,
    /// `isSignedAuthenticationRequestRequired`: whether requests by SAML 2.0 are signed.
    #[serde(default)]
    pub is_signed_authentication_request_required: bool,
}

/// `preferredAuthenticationProtocol`, of which a federation has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PreferredAuthenticationProtocol {
    /// `saml`: SAML 2.0, for browsers alone.
    Saml,
    /// `wsFed`: WS-Federation, with WS-Trust beside it.
    WsFed,
}

impl PreferredAuthenticationProtocol {
    /// Whether a federation that prefers this one takes answers by `protocol`.
    ///
    /// WS-Trust belongs to `wsFed`: with `saml`, `activeSignInUri` means another protocol, ECP
    /// (facts 1.6).
    pub fn takes(self, protocol: Protocol) -> bool {
        match self {
            Self::Saml => protocol == Protocol::Saml,
            Self::WsFed => matches!(protocol, Protocol::WsFederation | Protocol::WsTrust),
        }
    }
}

/// As Graph writes it.
impl std::fmt::Display for PreferredAuthenticationProtocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Saml => "saml",
            Self::WsFed => "wsFed",
        })
    }
}

/// `federatedIdpMfaBehavior`: what Entra makes of an identity provider's second factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FederatedIdpMfaBehavior {
    /// It counts, and where there was none Entra asks for one itself.
    #[default]
    AcceptIfMfaDoneByFederatedIdp,
    /// It counts, and where there was none the browser goes there again.
    EnforceMfaByFederatedIdp,
    /// It never counts.
    RejectMfaByFederatedIdp,
}

/// `promptLoginBehavior`: what an identity provider hears of an application's `prompt=login`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PromptLoginBehavior {
    /// `wfresh=0` and `wauth` for a password.
    TranslateToFreshPasswordAuthentication,
    /// `prompt=login`.
    NativeSupport,
    /// `wfresh=0`.
    Disabled,
}

impl InternalDomainFederation {
    /// A federation with what each one has, and nothing else.
    pub fn new(
        issuer_uri: &str,
        preferred: PreferredAuthenticationProtocol,
        passive_sign_in_uri: &str,
        signing_certificate: Certificate,
    ) -> Self {
        Self {
            display_name: issuer_uri.to_owned(),
            issuer_uri: issuer_uri.to_owned(),
            preferred_authentication_protocol: preferred,
            passive_sign_in_uri: passive_sign_in_uri.to_owned(),
            active_sign_in_uri: None,
            metadata_exchange_uri: None,
            sign_out_uri: None,
            signing_certificate,
            next_signing_certificate: None,
            federated_idp_mfa_behavior: FederatedIdpMfaBehavior::default(),
            prompt_login_behavior: None,
            is_signed_authentication_request_required: false,
        }
    }

    /// The first property, by Graph's name, whose address nobody could be sent to.
    pub(super) fn bad_address(&self) -> Option<&'static str> {
        let passive = Some(&self.passive_sign_in_uri);
        [
            ("passiveSignInUri", passive),
            ("activeSignInUri", self.active_sign_in_uri.as_ref()),
            ("metadataExchangeUri", self.metadata_exchange_uri.as_ref()),
            ("signOutUri", self.sign_out_uri.as_ref()),
        ]
        .into_iter()
        .find(|(_, address)| address.is_some_and(|address| !is_https_address(address)))
        .map(|(property, _)| property)
    }

    /// Whether an assertion could carry the issuer at all.
    pub(super) fn has_an_issuer(&self) -> bool {
        is_issuer(&self.issuer_uri)
    }
}

fn is_issuer(text: &str) -> bool {
    (1..=1024).contains(&text.chars().count())
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn is_https_address(text: &str) -> bool {
    !text.contains('#')
        && text.parse::<http::Uri>().is_ok_and(|uri| {
            let plain = |authority: &http::uri::Authority| !authority.as_str().contains('@');
            uri.scheme_str() == Some("https") && uri.authority().is_some_and(plain)
        })
}

// What a single value can be refused for is refused where it is read, so that the message can point
// at it. A value that is made in another way meets the same rules in `Tenant::build`.

fn issuer<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    let text = String::deserialize(source)?;
    if is_issuer(&text) {
        return Ok(text);
    }
    Err(D::Error::custom(
        "the issuerUri is empty, longer than 1024 characters, or holds white space",
    ))
}

fn address<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    checked_address(String::deserialize(source)?)
}

fn maybe_address<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(source)?
        .map(checked_address)
        .transpose()
}

fn checked_address<E: Error>(text: String) -> Result<String, E> {
    if is_https_address(&text) {
        return Ok(text);
    }
    Err(E::custom(format!(
        "{text:?} is not an https address without a fragment"
    )))
}

fn certificate<'de, D: Deserializer<'de>>(source: D) -> Result<Certificate, D::Error> {
    bare_certificate(&String::deserialize(source)?)
}

fn maybe_certificate<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<Certificate>, D::Error> {
    Option::<String>::deserialize(source)?
        .map(|text| bare_certificate(&text))
        .transpose()
}

fn bare_certificate<E: Error>(text: &str) -> Result<Certificate, E> {
    if text.contains("-----") {
        return Err(E::custom(
            "the certificate stands in PEM armour; Graph wants the base64 between the lines alone",
        ));
    }
    if text.chars().any(char::is_whitespace) {
        return Err(E::custom(
            "the certificate has line breaks or blanks in it; Graph wants its base64 in one line",
        ));
    }
    Certificate::from_base64(text).map_err(E::custom)
}

fn base64<S: Serializer>(certificate: &Certificate, sink: S) -> Result<S::Ok, S::Error> {
    sink.serialize_str(certificate.base64())
}

#[allow(clippy::ref_option)] // as serde calls it
fn maybe_base64<S: Serializer>(
    certificate: &Option<Certificate>,
    sink: S,
) -> Result<S::Ok, S::Error> {
    certificate
        .as_ref()
        .map(Certificate::base64)
        .serialize(sink)
}
