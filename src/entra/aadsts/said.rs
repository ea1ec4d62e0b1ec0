//! What there is to say of each code: its number, its names, its sentence, the cure, and who says so.

use super::Aadsts;
use crate::entra::application_code::Said;

impl Aadsts {
    /// All but those for what applications do wrong by OAuth 2.0.
    pub const OF_SIGN_INS: [Self; 28] = [
        Self::WsFedSignInResponse,
        Self::WsFedMessageInvalid,
        Self::SignInService,
        Self::InvalidSignature,
        Self::InvalidSamlToken,
        Self::SigningKeyNotRegistered,
        Self::AssertionNotPresent,
        Self::TokenValidationPolicy,
        Self::AssertionNotValidNow,
        Self::InvalidAssertion,
        Self::GrantNotValidNow,
        Self::NotInTenant,
        Self::UserAccountNotFound,
        Self::SecondFactorMissing,
        Self::UnknownRealm,
        Self::InvalidDomainName,
        Self::ImmutableIdNotFound,
        Self::UnsupportedGrant,
        Self::AnotherUserThanTyped,
        Self::TenantNotFound,
        Self::MissingField,
        Self::MissingTenantRealm,
        Self::ImmutableIdMissing,
        Self::AccountNotInTenant,
        Self::WsFedMessageNotRead,
        Self::WsFederationNotSupported,
        Self::GuestNotAllowed,
        Self::InvalidXml,
    ];

    #[allow(clippy::too_many_lines)] // a table
    pub(super) fn said(self) -> Said {
        const LIST: &str = "Microsoft's list of error codes.";
        const GRANT: &str = "invalid_grant";
        match self {
            Self::WsFedSignInResponse => Said {
                number: 20001,
                error: GRANT,
                title: "No answer to a sign-in",
                sentence: "There's an issue with your federated Identity Provider. Contact your \
                           IDP to resolve this issue.",
                mend: "Post wa=wsignin1.0, wresult and wctx, and wctx as it came: decoded once \
                       from the request's query, and otherwise byte for byte. Each request is \
                       answered once.",
                evidence: "Microsoft: \"There's an issue with your federated Identity \
                           Provider\". Which of the two is for what is our choice.",
            },
            Self::WsFedMessageInvalid => Said {
                number: 20012,
                error: GRANT,
                title: "The WS-Federation answer is not as it must be",
                sentence: "There's an issue with your federated Identity Provider. Contact your \
                           IDP to resolve this issue.",
                mend: "Put one RequestSecurityTokenResponse of WS-Trust February 2005 into \
                       wresult (http://schemas.xmlsoap.org/ws/2005/02/trust), with one \
                       RequestedSecurityToken, for Entra's entity ID.",
                evidence: "Microsoft: \"There's an issue with your federated Identity \
                           Provider\". Which of the two is for what is our choice.",
            },
            Self::SignInService => Said {
                number: 50000,
                error: "server_error",
                title: "The sign-in service failed",
                sentence: "There's an issue with the sign-in service.",
                mend: "Look into the log of the simulator.",
                evidence: "Microsoft: \"TokenIssuanceError\". It is nobody's fault but the \
                           simulator's.",
            },
            Self::InvalidSignature => Said {
                number: 50006,
                error: GRANT,
                title: "The signature does not hold",
                sentence: "Signature verification failed because of an invalid signature.",
                mend: "Sign what is sent, and send what is signed: nothing may reformat, decode \
                       or re-encode the XML after it was signed. See that the key that signs is \
                       the one whose certificate KeyInfo names.",
                evidence: "Microsoft: \"InvalidSignature\". Which signatures it is for, and \
                           which AADSTS50008 is for, is our choice.",
            },
            Self::InvalidSamlToken => Said {
                number: 50008,
                error: GRANT,
                title: "The SAML answer is not as it must be",
                sentence: "SAML assertion is missing or misconfigured in the token. Contact \
                           your federation provider.",
                mend: "Compare the answer with the request. SAML 2.0: Destination and Recipient \
                       are the assertion consumer service, Audience is Entra's entity ID, \
                       InResponseTo is the request's ID, RelayState comes back byte for byte, \
                       the NameID is persistent, and each request is answered once. SAML 1.1: \
                       the NameIdentifier is the ImmutableID, the claim UPN is the cloud UPN, \
                       and the signature is the last child.",
                evidence: "Microsoft: \"SAML assertion is missing or misconfigured in the \
                           token\". Using it for replays is our choice.",
            },
            Self::SigningKeyNotRegistered => Said {
                number: 5_000_811,
                error: GRANT,
                title: "The signing certificate is not registered",
                sentence: "Unable to verify token signature. The signing key identifier does \
                           not match any valid registered keys.",
                mend: "Register the certificate that signs now as signingCertificate or \
                       nextSigningCertificate of the domain. With the protocol saml Entra never \
                       fetches it by itself.",
                evidence: "Seen by practitioners after a certificate changed without being \
                           registered.",
            },
            Self::AssertionNotPresent => Said {
                number: 500_082,
                error: GRANT,
                title: "There is no usable assertion",
                sentence: "SAML assertion is not present in the token.",
                mend: "Answer with success and exactly one Assertion that is itself signed and \
                       not encrypted. A signature over what is round it does not count.",
                evidence: "Seen by practitioners for a status other than Success, for \
                           encryption, and for a Response that alone is signed.",
            },
            Self::TokenValidationPolicy => Said {
                number: 5_000_820,
                error: GRANT,
                title: "The realm may not speak for this user",
                sentence: "Sign-in blocked by Federated Token Validation policy. Contact your \
                           administrator for details.",
                mend: "Let the domain of the user's cloud UPN and the domain whose federation \
                       issued the token share one root. A guest whose UPN fell back to \
                       onmicrosoft.com was synced with a suffix that was not verified.",
                evidence: "Microsoft: federatedTokenValidationPolicy, 2026.",
            },
            Self::AssertionNotValidNow => Said {
                number: 500_089,
                error: GRANT,
                title: "The assertion does not hold at this time",
                sentence: "SAML 2.0 assertion validation failed: SAML token is invalid.",
                mend: "Set the identity provider's clock by NTP, and look at the assertion's \
                       lifetime and at the end of the signing certificate.",
                evidence: "Seen by practitioners for drifting clocks and for an expired \
                           certificate, by SAML 2.0. Which code a SAML 1.1 token gets is not \
                           known: using this one there is our choice. Entra's clock skew is not \
                           published.",
            },
            Self::InvalidAssertion => Said {
                number: 50013,
                error: GRANT,
                title: "The assertion that the application brings is not as it must be",
                sentence: "Assertion failed signature validation or is malformed.",
                mend: "Bring the assertion as it came by WS-Trust, byte for byte. In it the \
                       NameIdentifier is the ImmutableID, the claim UPN is the cloud UPN, the \
                       audience is Entra's entity ID, and the signature is the last child.",
                evidence: "Microsoft: \"InvalidAssertion\", of assertions that applications \
                           bring, for various reasons.",
            },
            Self::GrantNotValidNow => Said {
                number: 500_133,
                error: GRANT,
                title: "The assertion does not hold at this time",
                sentence: "Assertion is not within its valid time range.",
                mend: "Set the identity provider's clock by NTP, and look at the assertion's \
                       lifetime and at the end of the signing certificate.",
                evidence: "Microsoft, of assertions that applications bring. Entra's clock skew \
                           is not published.",
            },
            Self::NotInTenant => Said {
                number: 50020,
                error: GRANT,
                title: "A user of another tenant",
                sentence: "The user account does not exist in the tenant and cannot access the \
                           application.",
                mend: "Sign in with the account that this tenant has. A partner's own email led \
                       home, to her own organization's sign-in: it is not resolved here, or \
                       nobody was synced with it. Type the cloud UPN, or use a link with a \
                       domain hint.",
                evidence: LIST,
            },
            Self::UserAccountNotFound => Said {
                number: 50034,
                error: GRANT,
                title: "No such user",
                sentence: "The user account does not exist in the directory. To sign into this \
                           application, the account must be added to the directory.",
                mend: "See that the account is synced, with the cloud UPN as userPrincipalName \
                       and the email as onPremisesUserPrincipalName. If the email is not \
                       resolved at all, type the cloud UPN.",
                evidence: LIST,
            },
            Self::SecondFactorMissing => Said {
                number: 50076,
                error: "interaction_required",
                title: "A second factor is missing",
                sentence: "Due to a configuration change made by your administrator, or because \
                           you moved to a new location, you must use multi-factor \
                           authentication to access the application.",
                mend: "Ask for a second factor at the identity provider and say so \
                       (http://schemas.microsoft.com/claims/multipleauthn), or let Entra do it: \
                       federatedIdpMfaBehavior of acceptIfMfaDoneByFederatedIdp or \
                       rejectMfaByFederatedIdp.",
                evidence: "Microsoft's list of error codes. Entra sends the browser to the \
                           identity provider again; refusing at once is our choice.",
            },
            Self::UnknownRealm => Said {
                number: 50107,
                error: "invalid_request",
                title: "The issuer is not registered",
                sentence: "The requested federation realm object does not exist.",
                mend: "Make the Issuer equal to the domain's issuerUri, character for \
                       character: a trailing slash, the scheme and the case all count. See too \
                       that the domain's preferredAuthenticationProtocol is that of the answer.",
                evidence: "Microsoft: \"The requested federation realm object doesn't exist\"; \
                           the trailing slash, and a missing preferredAuthenticationProtocol of \
                           saml, are what practitioners report.",
            },
            Self::InvalidDomainName => Said {
                number: 50128,
                error: GRANT,
                title: "Not a name with a domain",
                sentence: "Invalid domain name.",
                mend: "Type a name of the form name@domain.",
                evidence: LIST,
            },
            Self::ImmutableIdNotFound => Said {
                number: 51004,
                error: GRANT,
                title: "The ImmutableID belongs to nobody",
                sentence: "The user account does not exist in the directory.",
                mend: "Send as NameID, or as the claim ImmutableID, what the sync wrote to \
                       onPremisesImmutableId: base64 of the 16 octets of ms-DS-ConsistencyGuid \
                       or objectGUID exactly as LDAP returns them.",
                evidence: LIST,
            },
            Self::UnsupportedGrant => Said {
                number: 70003,
                error: "unsupported_grant_type",
                title: "Not a grant that is taken here",
                sentence: "The app returned an unsupported grant type.",
                mend: "Bring a code, a refresh token, a device code, or a SAML 1.1 assertion as \
                       urn:ietf:params:oauth:grant-type:saml1_1-bearer. Other grants are not \
                       simulated.",
                evidence: LIST,
            },
            Self::AnotherUserThanTyped => Said {
                number: 81012,
                error: GRANT,
                title: "Somebody else signed in",
                sentence: "The user trying to sign in is different from the user who signed in \
                           at the identity provider.",
                mend: "Sign in as the person whose name was typed. A live session of somebody \
                       else at the identity provider is the usual cause.",
                evidence: "Microsoft lists the code for a token's user that differs from the \
                           chosen one, in desktop sign-on. Using it here is our choice.",
            },
            Self::TenantNotFound => Said {
                number: 90002,
                error: "invalid_tenant",
                title: "No such tenant",
                sentence: "Tenant not found.",
                mend: "Use the tenant's name in the address.",
                evidence: LIST,
            },
            Self::MissingField => Said {
                number: 90014,
                error: "invalid_request",
                title: "A parameter is missing",
                sentence: "A required field is missing from the request.",
                mend: "Send the parameter that is named.",
                evidence: LIST,
            },
            Self::MissingTenantRealm => Said {
                number: 90019,
                error: GRANT,
                title: "The tenant cannot be told",
                sentence: "No tenant-identifying information found in either the request or \
                           implied by any provided credentials.",
                mend: "Use an address that names the tenant: at /common only the domain of the \
                       typed name is looked at, and a partner's own domain is not this \
                       tenant's.",
                evidence: LIST,
            },
            Self::ImmutableIdMissing => Said {
                number: 90020,
                error: GRANT,
                title: "The claim ImmutableID is missing",
                sentence: "The SAML 1.1 Assertion is missing ImmutableID of the user.",
                mend: "Issue the claim \
                       http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID: \
                       AttributeName is what stands behind the last slash, AttributeNamespace \
                       what stands before it.",
                evidence: LIST,
            },
            Self::AccountNotInTenant => Said {
                number: 90072,
                error: "interaction_required",
                title: "The account is not in the tenant, and has to prove a second factor \
                        there",
                sentence: "The account does not exist in the tenant, and cannot satisfy its \
                           demand for a second factor.",
                mend: "Sign in with an account of this tenant. Of a synchronised user compare \
                       the ImmutableID that is sent with onPremisesImmutableId: base64 of the \
                       16 octets of ms-DS-ConsistencyGuid or objectGUID exactly as LDAP returns \
                       them.",
                evidence: "Microsoft: \"PassThroughUserMfaError\", also for synchronised users \
                           whose ImmutableID does not match. Without a demand for a second \
                           factor the codes are AADSTS51004 and AADSTS50020.",
            },
            Self::WsFedMessageNotRead => Said {
                number: 90081,
                error: "invalid_request",
                title: "Not a message that can be read",
                sentence: "An error occurred when the service tried to process a WS-Federation \
                           message. The message is not valid.",
                mend: "Post one message: SAMLResponse with RelayState, or wa, wresult and wctx, \
                       each field once.",
                evidence: "Microsoft: \"OrgIdWsFederationMessageInvalid\". Using it where the \
                           message cannot be told is our choice.",
            },
            Self::WsFederationNotSupported => Said {
                number: 90082,
                error: GRANT,
                title: "The federation is registered for SAML",
                sentence: "The selected authentication policy for the request isn't currently \
                           supported.",
                mend: "Set the domain's preferredAuthenticationProtocol to wsFed, and its \
                       addresses with it, or answer by SAML 2.0.",
                evidence: "Microsoft: \"OrgIdWsFederationNotSupported\". Using it where the \
                           federation prefers saml is our choice.",
            },
            Self::GuestNotAllowed => Said {
                number: 90084,
                error: "access_denied",
                title: "Guests are not let in here",
                sentence: "Guest accounts aren't allowed for this site.",
                mend: "Let guests use the application, or synchronise the account with the \
                       userType Member. Partners that are synchronised as guests stay guests \
                       wherever they sign in.",
                evidence: "Microsoft: \"OrgIdWsFederationGuestNotAllowed\". When Entra says so \
                           is not told; here it does where a link demands it (guests=refused).",
            },
            Self::InvalidXml => Said {
                number: 90107,
                error: "invalid_request",
                title: "Not XML",
                sentence: "The request is not valid. Make sure your data doesn't have invalid \
                           characters.",
                mend: "Send well-formed XML without DTD, entities or processing instructions: \
                       the base64 of a Response in one field SAMLResponse, the plain text of a \
                       RequestSecurityTokenResponse in one field wresult, or the base64 of an \
                       assertion that declares each of its namespaces itself.",
                evidence: "Microsoft: \"InvalidXml\". Using it for all answers that are not XML \
                           is our choice.",
            },
            Self::Application(code) => code.said(),
            Self::SamlApplication(code) => code.said(),
        }
    }
}
