//! Entra's codes for what applications do wrong by SAML 2.0.

use super::{Aadsts, Refusal, application_code::Said};

/// The codes, each for one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SamlApplicationCode {
    /// 50011: an answer is to go to an address that is not registered.
    ReplyUrl,
    /// 50058: nobody is signed in, and nobody may be asked.
    SilentSignIn,
    /// 50068: a sign-out is asked for by an application that nobody has signed in to.
    NotParticipant,
    /// 50071: a request to sign out that is too old.
    SignOutExpired,
    /// 500113: there is no address that an answer could go to.
    NoReplyUrl,
    /// 700016: no such application is registered in the tenant.
    NoApplication,
    /// 75001: what came is not as the binding has it.
    Binding,
    /// 75003: a binding that is not taken, or that no answer is sent by.
    UnsupportedBinding,
    /// 75005: no request that is answered here.
    NotARequest,
    /// 750054: there is no message.
    NoMessage,
    /// 750056: the message is not base64.
    Base64,
    /// 7500525: the message is not XML as it must be.
    Malformed,
    /// 7500529: an ID that no answer could refer to.
    Id,
    /// 75008: the message was meant for another address.
    Destination,
    /// 75011: somebody has signed in, but not in the way that is asked for.
    AuthnContext,
    /// 75016: names of a kind that is not given.
    NameIdPolicy,
    /// 76026: a request that is too old.
    Expired,
    /// 900235: a way to sign in that is to be compared in a way that is not done here.
    Comparison,
    /// 900236: something in the request that must not be there.
    Unsupported,
}

impl SamlApplicationCode {
    /// Refuses with the code's own sentence.
    pub fn refuse(self, detail: impl Into<String>) -> Refusal {
        Aadsts::SamlApplication(self).refuse(detail)
    }

    /// Refuses with a sentence that names something, as Entra's do for some codes.
    pub fn refuse_saying(self, message: impl Into<String>, detail: impl Into<String>) -> Refusal {
        Aadsts::SamlApplication(self).refuse_saying(message, detail)
    }

    #[allow(clippy::too_many_lines)] // a table
    pub(super) fn said(self) -> Said {
        const LIST: &str = "Microsoft's list of error codes.";
        const SEEN: &str = "Seen by practitioners.";
        let (number, title, sentence, mend, evidence) = match self {
            Self::ReplyUrl => (
                50011,
                "The reply URL is not registered",
                "The reply URL specified in the request does not match the reply URLs configured \
                 for the application.",
                "Register the AssertionConsumerServiceURL in web.redirectUris of the application, \
                 character for character, or leave it out: then the first one counts.",
                LIST,
            ),
            Self::SilentSignIn => (
                50058,
                "Nobody is signed in",
                "A silent sign-in request was sent but no user is signed in.",
                "Ask again without IsPassive.",
                LIST,
            ),
            Self::NotParticipant => (
                50068,
                "Not an application of this session",
                "Sign out has failed. The app that initiated sign out isn't a participant in the \
                 current session.",
                "Send a LogoutRequest to end a session that the application was signed in by.",
                LIST,
            ),
            Self::SignOutExpired => (
                50071,
                "The request to sign out is too old",
                "The logout request has expired.",
                "Send a LogoutRequest at once, and set the clocks by NTP.",
                LIST,
            ),
            Self::NoReplyUrl => (
                500_113,
                "There is no reply URL",
                "No reply address is registered for the application.",
                "Register web.redirectUris of the application.",
                SEEN,
            ),
            Self::NoApplication => (
                700_016,
                "No such application",
                "Application was not found in the directory.",
                "Make the Issuer one of identifierUris of an application of this tenant, character \
                 for character: a slash at the end counts, too.",
                LIST,
            ),
            Self::Binding => (
                75001,
                "Not as the binding has it",
                "An error occurred during SAML message binding.",
                "By HTTP-Redirect, send one SAMLRequest: deflated without a header (RFC 1951), in \
                 base64, percent-encoded. By HTTP-POST send it in base64 alone.",
                "Microsoft: \"BindingSerializationError\". Which faults it is for is our choice.",
            ),
            Self::UnsupportedBinding => (
                75003,
                "A binding that is not spoken",
                "The app returned an error related to unsupported binding (SAML protocol response \
                 can't be sent via bindings other than HTTP POST).",
                "Ask for HTTP-POST as ProtocolBinding, or leave it out; send messages about a \
                 sign-out by HTTP-Redirect, which is the one that the metadata has.",
                "Microsoft's list of error codes. Using it for sign-outs is our choice.",
            ),
            Self::NotARequest => (
                75005,
                "Not a request that is answered here",
                "The request is not a valid Saml2 protocol message.",
                "Send an AuthnRequest or a LogoutRequest of SAML 2.0 with ID, Version, IssueInstant \
                 and Issuer, each part once.",
                LIST,
            ),
            Self::NoMessage => (
                750_054,
                "There is no SAML message",
                "SAMLRequest or SAMLResponse must be present as query string parameters in HTTP \
                 request for SAML Redirect binding.",
                "Send the browser here with a SAMLRequest; the address by itself leads nowhere.",
                LIST,
            ),
            Self::Base64 => (
                750_056,
                "The message is not base64",
                "SAML message was not properly base64-encoded.",
                "Percent-encode the base64: a plus sign that is sent as it is arrives as a blank.",
                SEEN,
            ),
            Self::Malformed => (
                7_500_525,
                "The message is not XML as it must be",
                "There was an XML error in the SAML message. Verify that the XML content of the \
                 SAML messages conforms to the SAML protocol specifications.",
                "Send well-formed XML without DTD, entities or comments.",
                SEEN,
            ),
            Self::Id => (
                7_500_529,
                "Not an ID",
                "The value is not a valid SAML ID. The ID must not begin with a number.",
                "Begin the ID with a letter or an underscore, such as \"id\" and a GUID.",
                SEEN,
            ),
            Self::Destination => (
                75008,
                "Meant for another address",
                "The request from the app was denied since the SAML request had an unexpected \
                 destination.",
                "Send requests to the address that the metadata has, and name it as Destination.",
                "Microsoft lists the code, and says elsewhere that Destination is ignored. Refusing \
                 is our choice.",
            ),
            Self::AuthnContext => (
                75011,
                "Signed in another way than asked for",
                "The authentication method by which the user authenticated with the service doesn't \
                 match requested authentication method.",
                "Leave RequestedAuthnContext out: how people sign in is for the tenant to decide.",
                "Microsoft's list of error codes. That Password and PasswordProtectedTransport are \
                 taken for each other is our choice.",
            ),
            Self::NameIdPolicy => (
                75016,
                "Names of a kind that is not given",
                "SAML2 Authentication Request has invalid NameIdPolicy.",
                "Ask for persistent, transient, emailAddress or unspecified, or leave NameIDPolicy \
                 out.",
                LIST,
            ),
            Self::Expired => (
                76026,
                "The request is not of this time",
                "IssueTime in an SAML2 Authentication Request is expired.",
                "Send each request at once, and set the clocks by NTP.",
                "Microsoft lists the code, and says elsewhere that IssueInstant is not evaluated. \
                 Refusing after ten minutes is our choice.",
            ),
            Self::Comparison => (
                900_235,
                "Methods that are not to be compared exactly",
                "SAML authentication request's RequestedAuthenticationContext Comparison value must \
                 be 'exact'.",
                "Set Comparison to exact, or leave RequestedAuthnContext out.",
                "Microsoft's protocol article; the code is what practitioners report.",
            ),
            Self::Unsupported => (
                900_236,
                "Something that must not be there",
                "The SAML authentication request property is not supported and must not be set.",
                "Leave it out. Who is meant goes into login_hint behind the address.",
                LIST,
            ),
        };
        Said {
            number,
            error: "invalid_request",
            title,
            sentence,
            mend,
            evidence,
        }
    }
}
