use crate::xml::{ReadError, StructureError};

use super::FaultCode;

/// Why a request for a token is refused. None of these says anything about a person: no name or
/// password has been looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The document is longer than a request can be.
    #[error("the message is too large")]
    TooLarge,
    /// It is not the XML that is read here.
    #[error("the message cannot be read: {0}")]
    Xml(ReadError),
    /// The root is an envelope of another SOAP (SOAP 1.2 part 1, 2.8).
    #[error("the message is not SOAP 1.2")]
    OtherSoap,
    /// A part is missing or repeated.
    #[error("{0}")]
    Structure(#[from] StructureError),
    /// A part holds what cannot stand there.
    #[error("{0} holds what cannot stand there")]
    Content(&'static str),
    /// A header block that must be understood is not (SOAP 1.2 part 1, 2.4).
    #[error("the header block {0:?} must be understood, and is not")]
    NotUnderstood(String),
    /// A header of WS-Addressing that is needed is missing.
    #[error("the addressing header {0} is missing")]
    AddressingMissing(&'static str),
    /// A header of WS-Addressing is repeated, or says what is not done.
    #[error("the addressing header {0} is repeated or cannot be used")]
    Addressing(&'static str),
    /// An answer is wanted by another way than the one that the request came.
    #[error("an answer to another address is wanted")]
    NotAnonymous,
    /// The action is none that this endpoint does.
    #[error("this endpoint does not do what the Action asks for")]
    WrongAction,
    /// The message was meant for another address.
    #[error("the message was meant for another address")]
    WrongDestination,
    /// The security header holds something else than one timestamp and one user name token.
    #[error("the security header holds what is not taken here")]
    UnsupportedToken,
    /// The password is not given as it is.
    #[error("only a plain password is taken here")]
    UnsupportedPassword,
    /// A time cannot be read, or the end is before the beginning.
    #[error("the timestamp cannot be used")]
    BadTimestamp,
    /// The timestamp has ended, or is too old.
    #[error("the message has expired")]
    Expired,
    /// The timestamp begins in the future.
    #[error("the message is from the future")]
    FromTheFuture,
    /// Something else is asked for than a bearer token of SAML 1.1 for the person who asks.
    #[error("the request asks for what is not issued here: {0}")]
    NotIssued(&'static str),
}

impl RequestError {
    /// What the sender is told.
    pub fn fault_code(&self) -> FaultCode {
        match self {
            Self::TooLarge => FaultCode::TooLarge,
            Self::Xml(_) | Self::Structure(_) | Self::Content(_) => FaultCode::InvalidRequest,
            Self::OtherSoap => FaultCode::VersionMismatch,
            Self::NotUnderstood(_) => FaultCode::MustUnderstand,
            Self::AddressingMissing(_) => FaultCode::AddressingHeaderRequired,
            Self::Addressing(_) => FaultCode::InvalidAddressingHeader,
            Self::NotAnonymous => FaultCode::OnlyAnonymousAddress,
            Self::WrongAction => FaultCode::ActionNotSupported,
            Self::WrongDestination => FaultCode::DestinationUnreachable,
            Self::UnsupportedToken | Self::UnsupportedPassword => {
                FaultCode::UnsupportedSecurityToken
            }
            Self::BadTimestamp => FaultCode::InvalidSecurity,
            Self::Expired | Self::FromTheFuture => FaultCode::MessageExpired,
            Self::NotIssued(_) => FaultCode::RequestFailed,
        }
    }
}
