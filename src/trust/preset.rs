use super::{
    Access, ClaimRule, ClaimSource, NameIdRule, Protocol,
    circumstances::{
        INSIDE_CORPORATE_NETWORK, PASSWORD_CHANGE_URL, PASSWORD_EXPIRATION_DAYS,
        PASSWORD_EXPIRATION_TIME,
    },
};

/// What kind of relying party it is: what holds of all of its kind, so that nobody has to know it
/// by heart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Entra's federation of a domain of its tenant (`internalDomainFederation`): the person is
    /// found by her `ImmutableID`, and the issuer is that of her domain.
    Entra,
    /// Entra's federation with another organisation (`samlOrWsFedExternalDomainFederation`), whose
    /// people are guests: they are known by their email address. The audience is the tenant's own
    /// address, `https://login.microsoftonline.com/TENANT-ID/`.
    EntraExternal,
    /// Any other service provider of SAML 2.0.
    Saml2,
    /// Any other application that was set up for AD FS by WS-Federation.
    WsFederation,
}

/// The name that Entra's SAML federation of a domain wants the cloud UPN under.
const IDP_EMAIL: &str = "IDPEmail";

/// The name that Entra's federation with others wants the address under.
const EMAIL_ADDRESS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";

const UPN: &str = "http://schemas.xmlsoap.org/claims/UPN";
const IMMUTABLE_ID: &str = "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID";
const METHODS: &str = "http://schemas.microsoft.com/claims/authnmethodsreferences";
const PASSWORD: &str =
    "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password";

/// What only this identity provider itself says to Entra: who it is, and how and when she signed
/// in. A rule that said it would make Entra take one person for another, or a password for more.
const RESERVED: &[&str] = &[
    IDP_EMAIL,
    UPN,
    IMMUTABLE_ID,
    METHODS,
    "http://schemas.microsoft.com/claims/multipleauthn",
    "http://schemas.microsoft.com/2014/03/psso",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationinstant",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/issuerid",
    "http://schemas.microsoft.com/ws/2012/01/accounttype",
    INSIDE_CORPORATE_NETWORK,
    PASSWORD_CHANGE_URL,
    PASSWORD_EXPIRATION_DAYS,
    PASSWORD_EXPIRATION_TIME,
    "http://schemas.microsoft.com/ws/2013/11/alternateloginid",
    "http://schemas.microsoft.com/ws/2017/04/identity/claims/multifactorauthenticationinstant",
];

impl Preset {
    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::EntraExternal => "entra-external",
            Self::Saml2 => "saml2",
            Self::WsFederation => "ws-federation",
        }
    }

    /// By which protocols it may ask unless it is told otherwise.
    pub(super) fn protocols(self) -> Vec<Protocol> {
        match self {
            Self::Entra => Protocol::ALL.to_vec(),
            Self::EntraExternal => vec![Protocol::Saml2, Protocol::WsFederation],
            Self::Saml2 => vec![Protocol::Saml2],
            Self::WsFederation => vec![Protocol::WsFederation],
        }
    }

    /// The claims that it needs by whichever protocol.
    pub(super) fn claims(self) -> Vec<ClaimRule> {
        match self {
            Self::EntraExternal => vec![ClaimRule {
                required: true,
                ..ClaimRule::new(EMAIL_ADDRESS, ClaimSource::Email)
            }],
            Self::Entra | Self::Saml2 | Self::WsFederation => Vec::new(),
        }
    }

    /// The claims that it needs in SAML 2.0 besides.
    pub(super) fn saml2_claims(self) -> Vec<ClaimRule> {
        match self {
            Self::Entra => vec![ClaimRule::new(IDP_EMAIL, ClaimSource::CloudUpn)],
            Self::EntraExternal | Self::Saml2 | Self::WsFederation => Vec::new(),
        }
    }

    /// The claims that it needs in tokens of WS-Federation and WS-Trust besides: to Entra what AD FS
    /// says, as far as a password goes.
    pub(super) fn token_claims(self) -> Vec<ClaimRule> {
        let immutable_id = || ClaimRule::new(IMMUTABLE_ID, ClaimSource::ImmutableId);
        match self {
            Self::Entra => vec![
                ClaimRule::new(UPN, ClaimSource::CloudUpn),
                immutable_id(),
                ClaimRule::new(METHODS, ClaimSource::Constant(vec![PASSWORD.to_owned()])),
            ],
            Self::EntraExternal => vec![immutable_id()],
            Self::Saml2 | Self::WsFederation => Vec::new(),
        }
    }

    /// How it knows people unless it is told otherwise: a name that says nothing, where it can.
    pub(super) fn name_id(self) -> NameIdRule {
        match self {
            Self::Entra | Self::EntraExternal => NameIdRule::ImmutableId,
            Self::Saml2 | Self::WsFederation => NameIdRule::Transient,
        }
    }

    /// Who may sign in unless it is told otherwise. Entra itself knows whom it takes; anybody else
    /// has to be told.
    pub(super) fn access(self) -> Access {
        match self {
            Self::Entra => Access::Everyone,
            Self::EntraExternal | Self::Saml2 | Self::WsFederation => Access::Nobody,
        }
    }

    /// Whether it can know people by this rule: Entra finds them by their `ImmutableID` alone, and
    /// guests need a persistent name.
    pub(super) fn permits(self, rule: &NameIdRule) -> bool {
        match self {
            Self::Entra => matches!(rule, NameIdRule::ImmutableId),
            Self::EntraExternal => {
                matches!(rule, NameIdRule::ImmutableId | NameIdRule::Pairwise(_))
            }
            Self::Saml2 | Self::WsFederation => true,
        }
    }

    /// Whether no rule may issue a claim of this name.
    pub(super) fn reserves(self, name: &str) -> bool {
        matches!(self, Self::Entra | Self::EntraExternal)
            && RESERVED
                .iter()
                .any(|taken| taken.eq_ignore_ascii_case(name))
    }
}
