use crate::{
    saml2::{BindingError, RequestError},
    xml::{SignatureError, StructureError},
};

/// Why what came back from an identity provider proves nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// There is no message to read.
    #[error(transparent)]
    Binding(#[from] BindingError),
    /// The root element is something else.
    #[error("the message is not a SAML 2.0 Response")]
    NotResponse,
    /// `Version` is not 2.0.
    #[error("the version is not 2.0")]
    Version,
    /// A required part is missing, repeated or out of shape.
    #[error("{0} is missing, repeated or out of shape")]
    Malformed(&'static str),
    /// Neither the Response nor its assertion is signed.
    #[error("neither the Response nor its assertion is signed")]
    Unsigned,
    /// A signature that is there does not hold.
    #[error("the signature of the {0} is refused: {1}")]
    Signature(&'static str, SignatureError),
    /// It comes from another identity provider than the one that was asked.
    #[error("the {0} is issued by {1:?}, not by the identity provider that was asked")]
    Issuer(&'static str, String),
    /// It was meant for another address, or does not say for which.
    #[error("the {0} is for the address {1:?}, not for ours")]
    Address(&'static str, String),
    /// It answers another question, or none.
    #[error("the {0} does not answer the request that was sent from this browser")]
    InResponseTo(&'static str),
    /// The identity provider says no.
    #[error("the identity provider answers: {0}")]
    Refused(Refusal),
    /// A part is encrypted. No key for that is given out here.
    #[error("the {0} is encrypted, and nothing is decrypted here: send it signed, over TLS")]
    Encrypted(&'static str),
    /// There is no assertion, or more than one.
    #[error("there are {0} assertions, not one")]
    Assertions(usize),
    /// It was meant for another service provider, or does not say for which.
    #[error("the assertion is for the audience {0:?}, not for us")]
    Audience(String),
    /// A condition is not known here, and so must not be passed over (SAML core 2.5.1.1).
    #[error("the assertion holds under the condition {0:?}, which is not known here")]
    Condition(String),
    /// The identity provider does not want anything asserted on the strength of this (SAML core
    /// 2.5.1.6), which is all that we would do with it.
    #[error("the assertion must not be relied on to assert anything further (ProxyRestriction)")]
    ProxyRestriction,
    /// No confirmation by bearer.
    #[error("the assertion's subject is not confirmed by bearer")]
    NoBearer,
    /// A time has passed. Says which.
    #[error("{0} has passed; see that the clocks agree")]
    Expired(&'static str),
    /// A time has not come yet. Says which.
    #[error("{0} is in the future; see that the clocks agree")]
    Early(&'static str),
    /// She was asked to prove it anew, and has not.
    #[error("a new proof was asked for (ForceAuthn), and the one that came is older than that")]
    NotFresh,
}

/// A status other than success (SAML core 3.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The values of its codes, from the outermost on.
    pub codes: Vec<String>,
    /// What it says besides, for a log. Nobody has to have signed it.
    pub message: Option<String>,
}

impl Refusal {
    /// Whether the person cannot be asked for as many factors as we want.
    pub fn is_no_authn_context(&self) -> bool {
        self.has("urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext")
    }

    /// Whether the person did not prove who she is, or went back.
    pub fn is_authn_failed(&self) -> bool {
        self.has("urn:oasis:names:tc:SAML:2.0:status:AuthnFailed")
    }

    fn has(&self, code: &str) -> bool {
        self.codes.iter().any(|one| one == code)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The last part of each code says it all.
        let mut names = self.codes.iter().map(|code| {
            let last = code.rsplit(':').next();
            last.unwrap_or(code)
        });
        write!(f, "{:?}", names.next().unwrap_or_default())?;
        for name in names {
            write!(f, " / {name:?}")?;
        }
        match &self.message {
            Some(message) => write!(f, ", {message:?}"),
            None => Ok(()),
        }
    }
}

impl From<StructureError> for AnswerError {
    fn from(error: StructureError) -> Self {
        match error {
            StructureError::Repeated(part) | StructureError::Missing(part) => Self::Malformed(part),
        }
    }
}

/// The parts that requests and answers have in common are read by one code.
impl From<RequestError> for AnswerError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Version => Self::Version,
            RequestError::Malformed(part) => Self::Malformed(part),
            RequestError::Signature(cause) => Self::Signature("message", cause),
            _ => Self::NotResponse,
        }
    }
}

/// So much of a stranger's text as belongs into a log.
pub(super) fn shortened(text: &str) -> String {
    const LENGTH: usize = 200;

    text.chars().take(LENGTH).collect()
}
