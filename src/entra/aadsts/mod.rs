//! Entra's own words for a failed sign-in: the codes a person sees, and what each one asks of
//! whoever runs the identity provider.

mod said;

use serde::{Serialize, Serializer};

use super::{ApplicationCode, SamlApplicationCode};

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
    /// 50000: the simulator itself failed.
    SignInService,
    /// 50006: what was signed was altered, or signed with a key that nobody can name.
    InvalidSignature,
    /// 50008: the answer or its assertion is missing something, or says something else than it
    /// must.
    InvalidSamlToken,
    /// 5000811: signed with a key that is not registered for the domain.
    SigningKeyNotRegistered,
    /// 500082: there is no assertion that could be used.
    AssertionNotPresent,
    /// 5000820: issued by the realm of one root domain for a user of another.
    TokenValidationPolicy,
    /// 500089: the assertion's times, or its certificate's, do not hold now.
    AssertionNotValidNow,
    /// 50013: an assertion that an application brings is missing something, or says something else than it must.
    InvalidAssertion,
    /// 500133: the times of an assertion that an application brings do not hold now.
    GrantNotValidNow,
    /// 50020: a user of another tenant.
    NotInTenant,
    /// 50034: nobody in the tenant has this sign-in name.
    UserAccountNotFound,
    /// 50076: the identity provider has to ask for a second factor, and has not.
    SecondFactorMissing,
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
    /// 90072: a second factor is demanded of an account that the tenant does not have.
    AccountNotInTenant,
    /// 90081: what was posted is no message, or two.
    WsFedMessageNotRead,
    /// 90082: an answer by WS-Federation or WS-Trust, from a federation that is registered for
    /// SAML.
    WsFederationNotSupported,
    /// 90084: a guest, where guests are not let in.
    GuestNotAllowed,
    /// 90107: what was posted is not XML.
    InvalidXml,
    /// What an application does wrong by OAuth 2.0.
    Application(ApplicationCode),
    /// What an application does wrong by SAML 2.0.
    SamlApplication(SamlApplicationCode),
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
        self.said().number
    }

    /// `error`, as OAuth 2.0 tells applications.
    pub(super) fn error(self) -> &'static str {
        self.said().error
    }

    /// A short name for headings and reports.
    pub fn title(self) -> &'static str {
        self.said().title
    }

    /// What to mend, in a sentence or two for whoever runs the identity provider.
    pub fn mend(self) -> &'static str {
        self.said().mend
    }

    /// Where this use of the code comes from, so that nobody takes our choice for Microsoft's
    /// word.
    pub fn evidence(self) -> &'static str {
        self.said().evidence
    }

    fn sentence(self) -> &'static str {
        self.said().sentence
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
