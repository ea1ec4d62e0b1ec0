use super::{Access, ClaimRule, ClaimSource, NameIdRule};

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
    /// Any other service provider.
    Saml2,
}

/// The name that Entra's SAML federation of a domain wants the cloud UPN under.
const IDP_EMAIL: &str = "IDPEmail";

/// The name that Entra's federation with others wants the address under.
const EMAIL_ADDRESS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";

/// What only this identity provider itself says to Entra: who it is, and how and when she signed
/// in. A rule that said it would make Entra take one person for another, or a password for more.
const RESERVED: &[&str] = &[
    IDP_EMAIL,
    "http://schemas.xmlsoap.org/claims/UPN",
    "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID",
    "http://schemas.microsoft.com/claims/authnmethodsreferences",
    "http://schemas.microsoft.com/claims/multipleauthn",
    "http://schemas.microsoft.com/2014/03/psso",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationinstant",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/issuerid",
    "http://schemas.microsoft.com/ws/2012/01/accounttype",
    "http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork",
    "http://schemas.microsoft.com/ws/2012/01/passwordchangeurl",
    "http://schemas.microsoft.com/ws/2012/01/passwordexpirationdays",
    "http://schemas.microsoft.com/ws/2012/01/passwordexpirationtime",
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
        }
    }

    /// The claims that SAML 2.0 needs for it, whatever else is issued.
    pub(super) fn claims(self) -> Vec<ClaimRule> {
        match self {
            Self::Entra => vec![ClaimRule::new(IDP_EMAIL, ClaimSource::CloudUpn)],
            Self::EntraExternal => vec![ClaimRule {
                required: true,
                ..ClaimRule::new(EMAIL_ADDRESS, ClaimSource::Email)
            }],
            Self::Saml2 => Vec::new(),
        }
    }

    /// How it knows people unless it is told otherwise: a name that says nothing, where it can.
    pub(super) fn name_id(self) -> NameIdRule {
        match self {
            Self::Entra | Self::EntraExternal => NameIdRule::ImmutableId,
            Self::Saml2 => NameIdRule::Transient,
        }
    }

    /// Who may sign in unless it is told otherwise. Entra itself knows whom it takes; anybody else
    /// has to be told.
    pub(super) fn access(self) -> Access {
        match self {
            Self::Entra => Access::Everyone,
            Self::EntraExternal | Self::Saml2 => Access::Nobody,
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
            Self::Saml2 => true,
        }
    }

    /// Whether no rule may issue a claim of this name.
    pub(super) fn reserves(self, name: &str) -> bool {
        self != Self::Saml2
            && RESERVED
                .iter()
                .any(|taken| taken.eq_ignore_ascii_case(name))
    }
}
