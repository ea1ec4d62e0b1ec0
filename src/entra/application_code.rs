//! Entra's codes for what applications do wrong by OAuth 2.0 and OpenID Connect.

use super::{Aadsts, Refusal};

/// The codes, each for one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApplicationCode {
    /// 50011: an answer is to go to an address that is not registered.
    ReplyAddress,
    /// 50058: nobody is signed in, and nobody may be asked.
    SilentSignIn,
    /// 54005: a code comes for the second time.
    CodeRedeemed,
    /// 70000: a code or a refresh token that was not given to this application.
    InvalidGrant,
    /// 70005: an answer of another kind than a code is asked for.
    ResponseType,
    /// 70008: a code or a refresh token that is too old.
    GrantExpired,
    /// 70011: permissions that no single token can have.
    InvalidScope,
    /// 70016: the person has not signed in yet.
    AuthorizationPending,
    /// 70018: a user code that nobody was told.
    VerificationCode,
    /// 70019: a device code that is too old.
    VerificationCodeExpired,
    /// 500112: the code was sent to another address than the one that is named with it.
    AnotherReplyAddress,
    /// 501481: the verifier is not the one behind the challenge.
    CodeVerifier,
    /// 700016: no such application is registered in the tenant.
    NoApplication,
    /// 700025: an application that cannot keep a secret sends one.
    PublicClient,
    /// 700024: a client assertion before its time, or after.
    ClientAssertionTime,
    /// 700027: a client assertion that proves nothing.
    ClientAssertion,
    /// 1002012: an application that asks for itself names permissions one by one.
    ScopeOfApplication,
    /// 7000215: the secret is wrong.
    WrongSecret,
    /// 7000218: the secret is missing.
    NoSecret,
}

/// What there is to say of a code.
pub(super) struct Said {
    pub(super) number: u32,
    /// `error` as OAuth 2.0 has it.
    pub(super) error: &'static str,
    pub(super) title: &'static str,
    pub(super) sentence: &'static str,
    pub(super) mend: &'static str,
    pub(super) evidence: &'static str,
}

impl ApplicationCode {
    /// Refuses with the code's own sentence.
    pub fn refuse(self, detail: impl Into<String>) -> Refusal {
        Aadsts::Application(self).refuse(detail)
    }

    #[allow(clippy::too_many_lines)] // a table
    pub(super) fn said(self) -> Said {
        const LIST: &str = "Microsoft's list of error codes.";
        const GRANT: &str = "invalid_grant";
        match self {
            Self::ReplyAddress => Said {
                number: 50011,
                error: "invalid_request",
                title: "The redirect URI is not registered",
                sentence: "The redirect URI specified in the request does not match the redirect \
                           URIs configured for the application.",
                mend: "Register the redirect_uri with the application, character for character; \
                       only the port of http://localhost is free.",
                evidence: LIST,
            },
            Self::SilentSignIn => Said {
                number: 50058,
                error: "login_required",
                title: "Nobody is signed in",
                sentence: "A silent sign-in request was sent but no user is signed in.",
                mend: "Ask again without prompt=none.",
                evidence: LIST,
            },
            Self::CodeRedeemed => Said {
                number: 54005,
                error: GRANT,
                title: "The code was redeemed before",
                sentence: "OAuth2 Authorization code was already redeemed, please retry with a new \
                           valid code or use an existing refresh token.",
                mend: "Redeem each code once, and keep the refresh token.",
                evidence: LIST,
            },
            Self::InvalidGrant => Said {
                number: 70000,
                error: GRANT,
                title: "Not a grant of this application",
                sentence: "The provided grant is invalid or malformed.",
                mend: "Send the code or the refresh token as it came, from the application that it \
                       was given to, to the tenant that gave it.",
                evidence: "Microsoft: \"InvalidGrant\". Using it for a code that belongs to another \
                           application is our choice.",
            },
            Self::ResponseType => Said {
                number: 70005,
                error: "unsupported_response_type",
                title: "Not an answer that is given here",
                sentence: "The app returned an unsupported response type.",
                mend: "Ask with response_type=code; the implicit and hybrid flows are not simulated.",
                evidence: LIST,
            },
            Self::GrantExpired => Said {
                number: 70008,
                error: GRANT,
                title: "The grant is too old",
                sentence: "The provided authorization code or refresh token has expired due to \
                           inactivity. Send a new interactive authorization request for this user \
                           and resource.",
                mend: "Redeem a code within ten minutes; sign in again when a refresh token is old.",
                evidence: LIST,
            },
            Self::InvalidScope => Said {
                number: 70011,
                error: "invalid_scope",
                title: "Permissions that do not go together",
                sentence: "The provided value for the input parameter 'scope' is not valid.",
                mend: "Ask for the permissions of one resource at a time.",
                evidence: LIST,
            },
            Self::AuthorizationPending => Said {
                number: 70016,
                error: "authorization_pending",
                title: "Not signed in yet",
                sentence: "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
                mend: "Ask again after the interval.",
                evidence: LIST,
            },
            Self::VerificationCode => Said {
                number: 70018,
                error: "bad_verification_code",
                title: "No device waits with this code",
                sentence: "Invalid verification code due to User typing in wrong user code for \
                           device code flow.",
                mend: "Type the code that the device shows, while it shows it.",
                evidence: LIST,
            },
            Self::VerificationCodeExpired => Said {
                number: 70019,
                error: "expired_token",
                title: "The device's code is too old",
                sentence: "Verification code expired. Have the user retry the sign-in.",
                mend: "Begin again, and sign in within 15 minutes.",
                evidence: LIST,
            },
            Self::AnotherReplyAddress => Said {
                number: 500_112,
                error: GRANT,
                title: "The code went to another address",
                sentence: "The reply address does not match the reply address provided when \
                           requesting Authorization code.",
                mend: "Send the redirect_uri of the authorization request with the code.",
                evidence: LIST,
            },
            Self::CodeVerifier => Said {
                number: 501_481,
                error: GRANT,
                title: "The verifier is not the challenge's",
                sentence: "The Code_Verifier does not match the code_challenge supplied in the \
                           authorization request.",
                mend: "Send the code_verifier whose SHA-256, in base64url without padding, was the \
                       code_challenge.",
                evidence: "Microsoft's list of error codes. Which code a missing verifier gets is \
                           told in two ways (50148 as well).",
            },
            Self::NoApplication => Said {
                number: 700_016,
                error: "unauthorized_client",
                title: "No such application",
                sentence: "Application was not found in the directory.",
                mend: "Use the appId of an application that the tenant has registered.",
                evidence: LIST,
            },
            Self::PublicClient => Said {
                number: 700_025,
                error: "invalid_client",
                title: "A secret from an application that cannot keep one",
                sentence: "Client is public so neither 'client_assertion' nor 'client_secret' should \
                           be presented.",
                mend: "Leave the secret out, or register the redirect URI for the platform web.",
                evidence: LIST,
            },
            Self::ClientAssertionTime => Said {
                number: 700_024,
                error: "invalid_client",
                title: "The client assertion is not good now",
                sentence: "Client assertion is not within its valid time range.",
                mend: "Set the clock, and make an assertion for each request.",
                evidence: LIST,
            },
            Self::ClientAssertion => Said {
                number: 700_027,
                error: "invalid_client",
                title: "The client assertion proves nothing",
                sentence: "Client assertion failed signature validation.",
                mend: "Register the certificate with the application, and name it by x5t#S256; aud is \
                       the token endpoint, iss and sub the client_id.",
                evidence: "Microsoft's list of error codes for the signature. Using it for the other \
                           claims is our choice: Entra has a code for each.",
            },
            Self::ScopeOfApplication => Said {
                number: 1_002_012,
                error: "invalid_scope",
                title: "Not a scope that an application asks for itself",
                sentence: "The provided value for scope is not valid. Client credential flows must \
                           have a scope value with /.default suffixed to the resource identifier \
                           (application ID URI).",
                mend: "Ask for https://graph.microsoft.com/.default.",
                evidence: "Practitioners.",
            },
            Self::WrongSecret => Said {
                number: 7_000_215,
                error: "invalid_client",
                title: "The secret is wrong",
                sentence: "Invalid client secret provided. Ensure the secret being sent in the \
                           request is the client secret value, not the client secret ID.",
                mend: "Send one of the application's secrets.",
                evidence: LIST,
            },
            Self::NoSecret => Said {
                number: 7_000_218,
                error: "invalid_client",
                title: "The secret is missing",
                sentence: "The request body must contain the following parameter: \
                           'client_assertion' or 'client_secret'.",
                mend: "Send the secret, or register the redirect URI for the platform publicClient. \
                       Client assertions are taken with client_credentials.",
                evidence: LIST,
            },
        }
    }
}
