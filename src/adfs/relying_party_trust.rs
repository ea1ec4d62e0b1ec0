//! A relying party trust with the properties that matter for moving it.

use super::export::{ExportError, Value};

/// How Entra names itself.
pub(super) const ENTRA: &str = "urn:federation:MicrosoftOnline";

/// A relying party trust of AD FS (`Get-AdfsRelyingPartyTrust`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // AD FS's switches, each by itself
pub struct RelyingPartyTrust {
    /// The name that its administrators see.
    pub name: String,
    /// How it names itself: entity ID, `wtrealm`. The first one is that of its answers unless it asks
    /// by another.
    pub identifiers: Vec<String>,
    /// Whether AD FS answers it.
    pub enabled: bool,
    /// Where answers by WS-Federation go.
    pub ws_fed_endpoint: Option<String>,
    /// Where else they may go.
    pub additional_ws_fed_endpoints: Vec<String>,
    /// Its endpoints of SAML 2.0.
    pub saml_endpoints: Vec<SamlEndpoint>,
    /// Where its metadata is.
    pub metadata_url: Option<String>,
    /// Whether AD FS takes over what changes there.
    pub auto_update_enabled: bool,
    /// Whether AD FS looks there.
    pub monitoring_enabled: bool,
    /// Whether its tokens are encrypted, where there is a certificate for it.
    pub encrypt_claims: bool,
    /// Whether its `NameID` is encrypted.
    pub encrypted_name_id_required: bool,
    /// The certificate that tokens are encrypted to.
    pub encryption_certificate: Option<ExportedCertificate>,
    /// The certificates that it signs requests with.
    pub request_signing_certificates: Vec<ExportedCertificate>,
    /// Whether its requests must be signed.
    pub signed_saml_requests_required: bool,
    /// What is signed: `AssertionOnly`, `MessageOnly` or `MessageAndAssertion`.
    pub saml_response_signature: Option<String>,
    /// The algorithm of signatures, a URI.
    pub signature_algorithm: Option<String>,
    /// Lifetime of a token in minutes; 0 stands for AD FS's 60.
    pub token_lifetime_minutes: u32,
    /// How far `NotBefore` is dated back, in minutes.
    pub not_before_skew_minutes: u32,
    /// Whether each request asks for the password.
    pub always_require_authentication: bool,
    /// Whether claims providers are asked for a second factor.
    pub request_mfa_from_claims_providers: bool,
    /// The ways of signing in that it takes.
    pub allowed_authentication_class_references: Vec<String>,
    /// The claims providers whose people may come.
    pub claims_provider_names: Vec<String>,
    /// Who may come, by a policy.
    pub access_control_policy: Option<AccessControlPolicy>,
    /// Who may come and what is said, by rules.
    pub rules: RuleSets,
}

/// An access control policy (AD FS 2016 and later) and the groups that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessControlPolicy {
    /// Its name; the built-in ones are English everywhere.
    pub name: String,
    /// Every text among its parameters: groups by name or SID.
    pub parameters: Vec<String>,
}

/// An endpoint of SAML 2.0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamlEndpoint {
    /// `SAMLAssertionConsumer`, `SAMLLogout` or `SAMLArtifactResolution`.
    pub protocol: String,
    /// `POST`, `Redirect`, `Artifact` or `SOAP`.
    pub binding: String,
    /// Its address.
    pub location: String,
    /// Where responses go, if elsewhere.
    pub response_location: Option<String>,
    /// Its index.
    pub index: i64,
    /// Whether it is the default one.
    pub is_default: bool,
}

/// A certificate of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportedCertificate {
    /// Its octets, DER.
    Der(Vec<u8>),
    /// There is one, but the export has none of its octets.
    Missing,
}

/// The rules of a trust, as text in the claim rule language; empty for none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSets {
    /// What it is told.
    pub issuance_transform: String,
    /// Who may come.
    pub issuance_authorization: String,
    /// Who may act for others.
    pub delegation_authorization: String,
    /// Who may pass as others.
    pub impersonation_authorization: String,
    /// Who needs a second factor.
    pub additional_authentication: String,
}

impl RelyingPartyTrust {
    /// Entra's own trust, which the preset `entra` stands for.
    pub fn is_entra(&self) -> bool {
        self.identifiers
            .iter()
            .any(|identifier| identifier == ENTRA)
    }

    pub(super) fn from_value(value: &Value) -> Result<Self, ExportError> {
        let name = value.property("Name").as_text();
        let name = name.ok_or(ExportError::NoTrust("Name"))?.to_owned();
        // Claims provider trusts and others are named, too.
        let identifiers = texts(value.property("Identifier"));
        if identifiers.is_empty() {
            return Err(ExportError::NoTrust("Identifier"));
        }
        let read = Properties {
            value,
            trust: &name,
        };
        Ok(Self {
            identifiers,
            enabled: read.bool("Enabled", true)?,
            ws_fed_endpoint: read.text("WSFedEndpoint"),
            additional_ws_fed_endpoints: texts(value.property("AdditionalWSFedEndpoint")),
            saml_endpoints: read.saml_endpoints()?,
            metadata_url: read.text("MetadataUrl"),
            auto_update_enabled: read.bool("AutoUpdateEnabled", false)?,
            monitoring_enabled: read.bool("MonitoringEnabled", false)?,
            encrypt_claims: read.bool("EncryptClaims", false)?,
            encrypted_name_id_required: read.bool("EncryptedNameIdRequired", false)?,
            encryption_certificate: read.certificates("EncryptionCertificate").pop(),
            request_signing_certificates: read.certificates("RequestSigningCertificate"),
            signed_saml_requests_required: read.bool("SignedSamlRequestsRequired", false)?,
            saml_response_signature: read.text("SamlResponseSignature"),
            signature_algorithm: read.text("SignatureAlgorithm"),
            token_lifetime_minutes: read.minutes("TokenLifetime")?,
            not_before_skew_minutes: read.minutes("NotBeforeSkew")?,
            always_require_authentication: read.bool("AlwaysRequireAuthentication", false)?,
            request_mfa_from_claims_providers: read.bool("RequestMFAFromClaimsProviders", false)?,
            allowed_authentication_class_references: texts(
                value.property("AllowedAuthenticationClassReferences"),
            ),
            claims_provider_names: texts(value.property("ClaimsProviderName")),
            access_control_policy: read.text("AccessControlPolicyName").map(|name| {
                let parameters = texts(value.property("AccessControlPolicyParameters"));
                AccessControlPolicy { name, parameters }
            }),
            rules: RuleSets {
                issuance_transform: read.rules("IssuanceTransformRules"),
                issuance_authorization: read.rules("IssuanceAuthorizationRules"),
                delegation_authorization: read.rules("DelegationAuthorizationRules"),
                impersonation_authorization: read.rules("ImpersonationAuthorizationRules"),
                additional_authentication: read.rules("AdditionalAuthenticationRules"),
            },
            name,
        })
    }
}

fn texts(value: &Value) -> Vec<String> {
    let texts = value.texts().into_iter();
    texts
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .collect()
}

struct Properties<'a> {
    value: &'a Value,
    trust: &'a str,
}

impl Properties<'_> {
    fn wrong<T>(&self, property: &'static str, expected: &'static str) -> Result<T, ExportError> {
        Err(ExportError::Property {
            trust: self.trust.to_owned(),
            property,
            expected,
        })
    }

    fn text(&self, property: &str) -> Option<String> {
        let text = self.value.property(property).as_text()?;
        (!text.trim().is_empty()).then(|| text.to_owned())
    }

    fn rules(&self, property: &str) -> String {
        self.text(property).unwrap_or_default()
    }

    fn bool(&self, property: &'static str, otherwise: bool) -> Result<bool, ExportError> {
        match self.value.property(property) {
            Value::Nothing => Ok(otherwise),
            Value::Bool(bool) => Ok(*bool),
            _ => self.wrong(property, "true or false"),
        }
    }

    fn minutes(&self, property: &'static str) -> Result<u32, ExportError> {
        match self.value.property(property) {
            Value::Nothing => Ok(0),
            Value::Int(number) => {
                u32::try_from(*number).or_else(|_| self.wrong(property, "minutes"))
            }
            _ => self.wrong(property, "a number"),
        }
    }

    fn certificates(&self, property: &str) -> Vec<ExportedCertificate> {
        let certificate = |item: &Value| match item.property("RawData").to_octets() {
            Some(der) if !der.is_empty() => ExportedCertificate::Der(der),
            _ => ExportedCertificate::Missing,
        };
        let items = self.value.property(property).items();
        items.iter().map(certificate).collect()
    }

    fn saml_endpoints(&self) -> Result<Vec<SamlEndpoint>, ExportError> {
        let items = self.value.property("SamlEndpoints").items();
        items.iter().map(|item| self.saml_endpoint(item)).collect()
    }

    fn saml_endpoint(&self, item: &Value) -> Result<SamlEndpoint, ExportError> {
        let text = |name: &str| {
            item.property(name)
                .as_text()
                .filter(|text| !text.is_empty())
        };
        let (Some(protocol), Some(binding), Some(location)) =
            (text("Protocol"), text("Binding"), text("Location"))
        else {
            return Err(ExportError::Shallow(self.trust.to_owned()));
        };
        Ok(SamlEndpoint {
            protocol: protocol.to_owned(),
            binding: binding.to_owned(),
            location: location.to_owned(),
            response_location: text("ResponseLocation").map(str::to_owned),
            index: match item.property("Index") {
                Value::Int(index) => *index,
                _ => 0,
            },
            is_default: item.property("IsDefault") == &Value::Bool(true),
        })
    }
}
