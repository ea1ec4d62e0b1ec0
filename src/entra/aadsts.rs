//! Entra's own words for a failed sign-in: the codes a person sees, and what each one asks of
//! whoever runs the identity provider.

use serde::{Serialize, Serializer};

use super::ApplicationCode;

/// The codes that the simulator refuses with.
///
/// Microsoft publishes a name and a sentence for most of them, but not which check leads to
/// which code; where that is so the choice is ours, and [`Aadsts::evidence`] says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Aadsts {
    /// 20001: what came back is no answer to a WS-Federation request.
    WsFedSignInResponse,
    /// 20012: an answer by WS-Federation does not have the form that it must have.
    WsFedMessageInvalid,
    /// 50008: the answer or its assertion is missing something, or says something else than it
    /// must.
    InvalidSamlToken,
    /// 500082: there is no assertion that could be used.
    AssertionNotPresent,
    /// 500089: the assertion's times, or its certificate's, do not hold now.
    AssertionNotValidNow,
    /// 500133: the same of an assertion that an application brings.
    GrantNotValidNow,
    /// 5000811: signed with a key that is not registered for the domain.
    SigningKeyNotRegistered,
    /// 5000820: issued by the realm of one root domain for a user of another.
    TokenValidationPolicy,
    /// 50020: a user of another tenant.
    NotInTenant,
    /// 50034: nobody in the tenant has this sign-in name.
    UserAccountNotFound,
    /// 50107: no domain of the tenant is registered with this issuer.
    UnknownRealm,
    /// 50128: the typed name has no usable domain.
    InvalidDomainName,
    /// 51004: nobody in the tenant has this `ImmutableID`.
    ImmutableIdNotFound,
    /// 70003: a token is asked for in exchange for something that is not taken here.
    UnsupportedGrant,
    /// 81012: another person than the one that the request was made for.
    AnotherUserThanTyped,
    /// 90002: there is no such tenant.
    TenantNotFound,
    /// 90014: a request for a token lacks a parameter.
    MissingField,
    /// 90019: the tenant cannot be told from the request.
    MissingTenantRealm,
    /// 90020: a SAML 1.1 assertion without the claim `ImmutableID`.
    ImmutableIdMissing,
    /// 90082: an answer by WS-Federation or WS-Trust, from a federation that is registered for
    /// SAML.
    WsFederationNotSupported,
    /// 90107: what was posted is not XML.
    InvalidXml,
    /// What an application does wrong by OAuth 2.0.
    Application(ApplicationCode),
}

/// A refused sign-in: the code, Entra's sentence, and the cause in this very case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The code.
    pub code: Aadsts,
    /// The sentence that follows the code on Entra's page.
    pub message: String,
    /// What was expected and what came instead.
    pub detail: String,
}

impl Refusal {
    /// What to look at to mend it.
    pub fn mend(&self) -> &'static str {
        self.code.mend()
    }
}

impl Aadsts {
    /// Refuses with the code's own sentence.
    pub fn refuse(self, detail: impl Into<String>) -> Refusal {
        self.refuse_saying(self.sentence(), detail)
    }

    /// Refuses with a sentence that names something, as Entra's do for some codes.
    pub fn refuse_saying(self, message: impl Into<String>, detail: impl Into<String>) -> Refusal {
        Refusal {
            code: self,
            message: message.into(),
            detail: detail.into(),
        }
    }

    /// The number behind `AADSTS`.
    pub fn number(self) -> u32 {
        match self {
            Self::WsFedSignInResponse => 20001,
            Self::WsFedMessageInvalid => 20012,
            Self::InvalidSamlToken => 50008,
            Self::AssertionNotPresent => 500_082,
            Self::AssertionNotValidNow => 500_089,
            Self::GrantNotValidNow => 500_133,
            Self::SigningKeyNotRegistered => 5_000_811,
            Self::TokenValidationPolicy => 5_000_820,
            Self::NotInTenant => 50020,
            Self::UserAccountNotFound => 50034,
            Self::UnknownRealm => 50107,
            Self::InvalidDomainName => 50128,
            Self::ImmutableIdNotFound => 51004,
            Self::UnsupportedGrant => 70003,
            Self::AnotherUserThanTyped => 81012,
            Self::TenantNotFound => 90002,
            Self::MissingField => 90014,
            Self::MissingTenantRealm => 90019,
            Self::ImmutableIdMissing => 90020,
            Self::WsFederationNotSupported => 90082,
            Self::InvalidXml => 90107,
            Self::Application(code) => code.said().number,
        }
    }

    /// `error`, as OAuth 2.0 tells applications.
    pub(super) fn error(self) -> &'static str {
        match self {
            Self::UnsupportedGrant => "unsupported_grant_type",
            Self::TenantNotFound => "invalid_tenant",
            Self::MissingField | Self::InvalidXml | Self::UnknownRealm => "invalid_request",
            Self::Application(code) => code.said().error,
            _ => "invalid_grant",
        }
    }

    /// A short name for headings and reports.
    pub fn title(self) -> &'static str {
        match self {
            Self::WsFedSignInResponse => "No answer to a sign-in",
            Self::WsFedMessageInvalid => "The WS-Federation answer is not as it must be",
            Self::InvalidSamlToken => "The SAML answer is not as it must be",
            Self::AssertionNotPresent => "There is no usable assertion",
            Self::AssertionNotValidNow | Self::GrantNotValidNow => {
                "The assertion does not hold at this time"
            }
            Self::SigningKeyNotRegistered => "The signing certificate is not registered",
            Self::TokenValidationPolicy => "The realm may not speak for this user",
            Self::NotInTenant => "A user of another tenant",
            Self::UserAccountNotFound => "No such user",
            Self::UnknownRealm => "The issuer is not registered",
            Self::InvalidDomainName => "Not a name with a domain",
            Self::ImmutableIdNotFound => "The ImmutableID belongs to nobody",
            Self::UnsupportedGrant => "Not a grant that is taken here",
            Self::AnotherUserThanTyped => "Somebody else signed in",
            Self::TenantNotFound => "No such tenant",
            Self::MissingField => "A parameter is missing",
            Self::MissingTenantRealm => "The tenant cannot be told",
            Self::ImmutableIdMissing => "The claim ImmutableID is missing",
            Self::WsFederationNotSupported => "The federation is registered for SAML",
            Self::InvalidXml => "Not XML",
            Self::Application(code) => code.said().title,
        }
    }

    /// What to mend, in a sentence or two for whoever runs the identity provider.
    pub fn mend(self) -> &'static str {
        match self {
            Self::WsFedSignInResponse => {
                "Post wa=wsignin1.0, wresult and wctx, and wctx as it came: decoded once from the \
                 request's query, and otherwise byte for byte. Each request is answered once."
            }
            Self::WsFedMessageInvalid => {
                "Put one RequestSecurityTokenResponse of WS-Trust February 2005 into wresult \
                 (http://schemas.xmlsoap.org/ws/2005/02/trust), with one RequestedSecurityToken, for \
                 Entra's entity ID."
            }
            Self::InvalidSamlToken => {
                "Compare the answer with the request. SAML 2.0: Destination and Recipient are the \
                 assertion consumer service, Audience is Entra's entity ID, InResponseTo is the \
                 request's ID, RelayState comes back byte for byte, the NameID is persistent, and \
                 each request is answered once. SAML 1.1: the NameIdentifier is the ImmutableID, \
                 the claim UPN is the cloud UPN, and the signature is the last child."
            }
            Self::AssertionNotPresent => {
                "Answer with success and exactly one Assertion that is itself signed and not \
                 encrypted. A signature over what is round it does not count."
            }
            Self::AssertionNotValidNow | Self::GrantNotValidNow => {
                "Set the identity provider's clock by NTP, and look at the assertion's lifetime \
                 and at the end of the signing certificate."
            }
            Self::SigningKeyNotRegistered => {
                "Register the certificate that signs now as signingCertificate or \
                 nextSigningCertificate of the domain. With the protocol saml Entra never fetches it \
                 by itself."
            }
            Self::TokenValidationPolicy => {
                "Let the domain of the user's cloud UPN and the domain whose federation issued the \
                 token share one root. A guest whose UPN fell back to onmicrosoft.com was synced \
                 with a suffix that was not verified."
            }
            Self::NotInTenant => {
                "Sign in with the account that this tenant has. A partner's own email led home, to \
                 her own organization's sign-in: it is not resolved here, or nobody was synced with \
                 it. Type the cloud UPN, or use a link with a domain hint."
            }
            Self::UserAccountNotFound => {
                "See that the account is synced, with the cloud UPN as userPrincipalName and the \
                 email as onPremisesUserPrincipalName. If the email is not resolved at all, type \
                 the cloud UPN."
            }
            Self::UnknownRealm => {
                "Make the Issuer equal to the domain's issuerUri, character for character: \
                 a trailing slash, the scheme and the case all count. See too that the domain's \
                 preferredAuthenticationProtocol is that of the answer."
            }
            Self::InvalidDomainName => "Type a name of the form name@domain.",
            Self::ImmutableIdNotFound => {
                "Send as NameID, or as the claim ImmutableID, what the sync wrote to onPremisesImmutableId: base64 of the 16 \
                 octets of ms-DS-ConsistencyGuid or objectGUID exactly as LDAP returns them."
            }
            Self::UnsupportedGrant => {
                "Bring a code, a refresh token, a device code, or a SAML 1.1 assertion as \
                 urn:ietf:params:oauth:grant-type:saml1_1-bearer. Other grants are not simulated."
            }
            Self::AnotherUserThanTyped => {
                "Sign in as the person whose name was typed. A live session of somebody else at \
                 the identity provider is the usual cause."
            }
            Self::TenantNotFound => "Use the tenant's name in the address.",
            Self::MissingTenantRealm => {
                "Use an address that names the tenant: at /common only the domain of the typed \
                 name is looked at, and a partner's own domain is not this tenant's."
            }
            Self::MissingField => "Send the parameter that is named.",
            Self::ImmutableIdMissing => {
                "Issue the claim http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID: \
                 AttributeName is what stands behind the last slash, AttributeNamespace what stands \
                 before it."
            }
            Self::WsFederationNotSupported => {
                "Set the domain's preferredAuthenticationProtocol to wsFed, and its addresses with \
                 it, or answer by SAML 2.0."
            }
            Self::InvalidXml => {
                "Send well-formed XML without DTD, entities or processing instructions: the base64 \
                 of a Response in one field SAMLResponse, the plain text of a \
                 RequestSecurityTokenResponse in one field wresult, or the base64 of an assertion \
                 that declares each of its namespaces itself."
            }
            Self::Application(code) => code.said().mend,
        }
    }

    /// Where this use of the code comes from, so that nobody takes our choice for Microsoft's
    /// word.
    pub fn evidence(self) -> &'static str {
        match self {
            Self::WsFedSignInResponse | Self::WsFedMessageInvalid => {
                "Microsoft: \"There's an issue with your federated Identity Provider\". Which of the \
                 two is for what is our choice."
            }
            Self::InvalidSamlToken => {
                "Microsoft: \"SAML assertion is missing or misconfigured in the token\". Using it \
                 for replays and for a signature that does not hold is our choice."
            }
            Self::AssertionNotPresent => {
                "Seen by practitioners for a status other than Success, for encryption, and for a \
                 Response that alone is signed."
            }
            Self::AssertionNotValidNow => {
                "Seen by practitioners for drifting clocks and for an expired certificate, by SAML \
                 2.0. Which code a SAML 1.1 token gets is not known: using this one there is our \
                 choice. Entra's clock skew is not published."
            }
            Self::GrantNotValidNow => {
                "Microsoft, of assertions that applications bring. Entra's clock skew is not \
                 published."
            }
            Self::SigningKeyNotRegistered => {
                "Seen by practitioners after a certificate changed without being registered."
            }
            Self::TokenValidationPolicy => "Microsoft: federatedTokenValidationPolicy, 2026.",
            Self::UnknownRealm => {
                "Microsoft: \"The requested federation realm object doesn't exist\"; the trailing \
                 slash, and a missing preferredAuthenticationProtocol of saml, are what \
                 practitioners report."
            }
            Self::NotInTenant
            | Self::UserAccountNotFound
            | Self::InvalidDomainName
            | Self::ImmutableIdNotFound
            | Self::ImmutableIdMissing
            | Self::UnsupportedGrant
            | Self::TenantNotFound
            | Self::MissingField
            | Self::MissingTenantRealm => "Microsoft's list of error codes.",
            Self::WsFederationNotSupported => {
                "Microsoft: \"OrgIdWsFederationNotSupported\". Using it where the federation prefers \
                 saml is our choice."
            }
            Self::AnotherUserThanTyped => {
                "Microsoft lists the code for a token's user that differs from the chosen one, in \
                 desktop sign-on. Using it here is our choice."
            }
            Self::InvalidXml => {
                "Microsoft: \"InvalidXml\". Using it for all answers that are not XML is our choice."
            }
            Self::Application(code) => code.said().evidence,
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::WsFedSignInResponse | Self::WsFedMessageInvalid => {
                "There's an issue with your federated Identity Provider. Contact your IDP to \
                 resolve this issue."
            }
            Self::InvalidSamlToken => {
                "SAML assertion is missing or misconfigured in the token. Contact your federation \
                 provider."
            }
            Self::AssertionNotPresent => "SAML assertion is not present in the token.",
            Self::AssertionNotValidNow => {
                "SAML 2.0 assertion validation failed: SAML token is invalid."
            }
            Self::GrantNotValidNow => "Assertion is not within its valid time range.",
            Self::SigningKeyNotRegistered => {
                "Unable to verify token signature. The signing key identifier does not match any \
                 valid registered keys."
            }
            Self::TokenValidationPolicy => {
                "Sign-in blocked by Federated Token Validation policy. Contact your administrator \
                 for details."
            }
            Self::NotInTenant => {
                "The user account does not exist in the tenant and cannot access the application."
            }
            Self::UserAccountNotFound => {
                "The user account does not exist in the directory. To sign into this application, \
                 the account must be added to the directory."
            }
            Self::UnknownRealm => "The requested federation realm object does not exist.",
            Self::InvalidDomainName => "Invalid domain name.",
            Self::ImmutableIdNotFound => "The user account does not exist in the directory.",
            Self::AnotherUserThanTyped => {
                "The user trying to sign in is different from the user who signed in at the \
                 identity provider."
            }
            Self::UnsupportedGrant => "The app returned an unsupported grant type.",
            Self::TenantNotFound => "Tenant not found.",
            Self::MissingField => "A required field is missing from the request.",
            Self::MissingTenantRealm => {
                "No tenant-identifying information found in either the request or implied by any \
                 provided credentials."
            }
            Self::ImmutableIdMissing => {
                "The SAML 1.1 Assertion is missing ImmutableID of the user."
            }
            Self::WsFederationNotSupported => {
                "The selected authentication policy for the request isn't currently supported."
            }
            Self::InvalidXml => {
                "The request is not valid. Make sure your data doesn't have invalid characters."
            }
            Self::Application(code) => code.said().sentence,
        }
    }
}

impl std::fmt::Display for Aadsts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AADSTS{}", self.number())
    }
}

/// In reports a code is its text, `AADSTS50107`.
impl Serialize for Aadsts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
