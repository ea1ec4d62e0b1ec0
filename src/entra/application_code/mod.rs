//! Entra's codes for what applications do wrong by OAuth 2.0 and OpenID Connect.

mod client;
mod grant;
mod request;

use super::{Aadsts, Refusal};

/// The codes, each for one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApplicationCode {
    /// 50011: an answer is to go to an address that is not registered.
    ReplyAddress,
    /// 50027: a client assertion that is none.
    MalformedAssertion,
    /// 50049: an authority that is not here.
    UnknownInstance,
    /// 50058: nobody is signed in, and nobody may be asked.
    SilentSignIn,
    /// 50147: a method of a challenge, and no challenge.
    NoChallenge,
    /// 50148: no verifier comes with the code of a challenge.
    NoVerifier,
    /// 50149: a challenge by another method than `S256` and `plain`.
    ChallengeMethod,
    /// 54005: a code comes for the second time.
    CodeRedeemed,
    /// 70000: a code or a refresh token that was given to another application, or a device code that was redeemed.
    InvalidGrant,
    /// 70005: an answer of another kind than a code is asked for.
    ResponseType,
    /// 70007: the answer is to come back in a way that is not known.
    ResponseMode,
    /// 70008: a code that is too old.
    GrantExpired,
    /// 70011: permissions that no single token can have.
    InvalidScope,
    /// 1002012: an application that asks for itself names permissions one by one.
    ScopeOfApplication,
    /// 70016: the person has not signed in yet.
    AuthorizationPending,
    /// 70018: a user code that nobody was told.
    VerificationCode,
    /// 70019: somebody signs in for a device that no longer waits.
    VerificationCodeExpired,
    /// 70020: a device asks with a code that is too old.
    DeviceCodeExpired,
    /// 90023: a value that no request may have, or two credentials at once.
    InvalidRequest,
    /// 500112: the code was sent to another address than the one that is named with it.
    AnotherReplyAddress,
    /// 501481: the verifier is not the one behind the challenge, or there was no challenge.
    CodeVerifier,
    /// 501491: a challenge that no verifier could have.
    ChallengeSize,
    /// 700005: a code that another tenant has given.
    AnotherTenant,
    /// 700016: no such application is registered in the tenant.
    NoApplication,
    /// 700021: a client assertion that names another application.
    AssertionOfAnother,
    /// 700023: a client assertion for somebody else.
    AssertionAudience,
    /// 700024: a client assertion that does not hold now.
    AssertionTime,
    /// 700025: an application that cannot keep a secret sends one.
    PublicClient,
    /// 700027: a client assertion by no key of the application's.
    AssertionSignature,
    /// 700082: a refresh token that is too old.
    RefreshTokenExpired,
    /// 700084: a single-page application's day is over.
    SpaTokenExpired,
    /// 900144: a parameter is missing.
    MissingParameter,
    /// 7000215: the secret is wrong.
    WrongSecret,
    /// 7000218: the secret is missing.
    NoSecret,
    /// 9000411: a parameter comes twice, or the parameters cannot be read.
    RepeatedParameter,
    /// 9002313: a code, or a refresh token, that was never given here.
    Malformed,
    /// 9002325: a single-page application has sent no challenge.
    SpaWithoutChallenge,
    /// 9002326: a page of another origin redeems what is no single-page application's.
    CrossOrigin,
    /// 9002327: a single-page application's code is redeemed by no page.
    NotCrossOrigin,
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

const LIST: &str = "Microsoft's list of error codes.";

impl ApplicationCode {
    /// Refuses with the code's own sentence.
    pub fn refuse(self, detail: impl Into<String>) -> Refusal {
        Aadsts::Application(self).refuse(detail)
    }

    /// Refuses for want of a parameter.
    pub(super) fn missing(field: &str) -> Refusal {
        Aadsts::Application(Self::MissingParameter).refuse_saying(
            format!("The request body must contain the following parameter: '{field}'."),
            format!("There is no {field}."),
        )
    }

    pub(super) fn said(self) -> Said {
        match self {
            Self::ReplyAddress => request::REPLY_ADDRESS,
            Self::MalformedAssertion => client::MALFORMED_ASSERTION,
            Self::UnknownInstance => request::UNKNOWN_INSTANCE,
            Self::SilentSignIn => request::SILENT_SIGN_IN,
            Self::NoChallenge => request::NO_CHALLENGE,
            Self::NoVerifier => grant::NO_VERIFIER,
            Self::ChallengeMethod => request::CHALLENGE_METHOD,
            Self::CodeRedeemed => grant::CODE_REDEEMED,
            Self::InvalidGrant => grant::INVALID_GRANT,
            Self::ResponseType => request::RESPONSE_TYPE,
            Self::ResponseMode => request::RESPONSE_MODE,
            Self::GrantExpired => grant::GRANT_EXPIRED,
            Self::InvalidScope => request::INVALID_SCOPE,
            Self::ScopeOfApplication => request::SCOPE_OF_APPLICATION,
            Self::AuthorizationPending => grant::AUTHORIZATION_PENDING,
            Self::VerificationCode => grant::VERIFICATION_CODE,
            Self::VerificationCodeExpired => grant::VERIFICATION_CODE_EXPIRED,
            Self::DeviceCodeExpired => grant::DEVICE_CODE_EXPIRED,
            Self::InvalidRequest => request::INVALID_REQUEST,
            Self::AnotherReplyAddress => grant::ANOTHER_REPLY_ADDRESS,
            Self::CodeVerifier => grant::CODE_VERIFIER,
            Self::ChallengeSize => request::CHALLENGE_SIZE,
            Self::AnotherTenant => grant::ANOTHER_TENANT,
            Self::NoApplication => client::NO_APPLICATION,
            Self::AssertionOfAnother => client::ASSERTION_OF_ANOTHER,
            Self::AssertionAudience => client::ASSERTION_AUDIENCE,
            Self::AssertionTime => client::ASSERTION_TIME,
            Self::PublicClient => client::PUBLIC_CLIENT,
            Self::AssertionSignature => client::ASSERTION_SIGNATURE,
            Self::RefreshTokenExpired => grant::REFRESH_TOKEN_EXPIRED,
            Self::SpaTokenExpired => grant::SPA_TOKEN_EXPIRED,
            Self::MissingParameter => request::MISSING_PARAMETER,
            Self::WrongSecret => client::WRONG_SECRET,
            Self::NoSecret => client::NO_SECRET,
            Self::RepeatedParameter => request::REPEATED_PARAMETER,
            Self::Malformed => grant::MALFORMED,
            Self::SpaWithoutChallenge => grant::SPA_WITHOUT_CHALLENGE,
            Self::CrossOrigin => grant::CROSS_ORIGIN,
            Self::NotCrossOrigin => grant::NOT_CROSS_ORIGIN,
        }
    }
}
