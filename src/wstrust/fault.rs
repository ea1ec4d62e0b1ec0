use crate::xml::{CanonicalWriter, Name, WriteError};

use super::{
    Version,
    names::{ADDRESSING, FAULT_ACTION, SECURITY, UTILITY, soap, wsa},
};

/// What kind of fault it is: SOAP's `Code` and `Subcode`, the status of the HTTP answer, and the
/// sentence by which clients of AD FS know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultCode {
    /// The message is not a request for a token.
    InvalidRequest,
    /// The message is more than a request can be.
    TooLarge,
    /// The message has another media type than SOAP 1.2.
    MediaType,
    /// Another SOAP than 1.2.
    VersionMismatch,
    /// A header block that must be understood is not.
    MustUnderstand,
    /// A header of WS-Addressing is missing.
    AddressingHeaderRequired,
    /// A header of WS-Addressing cannot be used.
    InvalidAddressingHeader,
    /// The answer is wanted somewhere else.
    OnlyAnonymousAddress,
    /// The action is not done here.
    ActionNotSupported,
    /// The message was meant for another address.
    DestinationUnreachable,
    /// The security header cannot be used.
    InvalidSecurity,
    /// The security header holds a token that is not taken.
    UnsupportedSecurityToken,
    /// The message is too old, or from the future.
    MessageExpired,
    /// Nobody whom tokens are issued for is named so.
    InvalidScope,
    /// Name and password are not accepted.
    FailedAuthentication,
    /// What is asked for is not issued.
    RequestFailed,
    /// Too many requests of this sender have failed; it may come back later.
    TooManyFailures,
    /// It could not be found out at the moment whether name and password are right.
    Unavailable,
}

/// A message that says why there is no token.
///
/// MSAL for Python reads `Reason/Text` and `Code/Subcode/Value`, and dies where one of the two is
/// missing, so that each fault has both, also where SOAP needs none. MSAL for .NET reads
/// `Reason/Text`.
#[derive(Clone, Copy, Debug)]
pub struct Fault<'a> {
    /// The kind.
    pub code: FaultCode,
    /// What happened and what to do, in a sentence or two; whoever runs the application reads it.
    pub reason: &'a str,
    /// The message that it answers, where that is known.
    pub relates_to: Option<&'a str>,
    /// The version of the endpoint.
    pub version: Version,
}

impl FaultCode {
    /// The status of the HTTP answer.
    ///
    /// SOAP has 500 for most faults, and AD FS for all. But MSAL for .NET sends a message that is
    /// answered by any 5xx again after a second, and so a wrong password is tried, and counted
    /// against the account, twice; and MSAL for Python holds back every request of the same
    /// process for five seconds, whoever's it is. Neither reads the status for anything else than
    /// "not 200". So what is the sender's fault is 400, and 503 and 429 say when to come back:
    /// both libraries heed `Retry-After`.
    pub fn http_status(self) -> u16 {
        match self {
            Self::TooLarge => 413,
            Self::MediaType => 415,
            Self::TooManyFailures => 429,
            Self::Unavailable => 503,
            _ => 400,
        }
    }

    /// Seconds after which the sender may come back (`Retry-After`), where it is to wait.
    ///
    /// Never for what is only one person's: MSAL for Python waits for all persons of its process.
    pub fn retry_after_seconds(self) -> Option<u16> {
        match self {
            Self::TooManyFailures => Some(60),
            Self::Unavailable => Some(5),
            _ => None,
        }
    }

    /// SOAP 1.2 part 1, 5.4.6.
    fn code(self) -> &'static str {
        match self {
            Self::VersionMismatch => "s:VersionMismatch",
            Self::MustUnderstand => "s:MustUnderstand",
            Self::Unavailable => "s:Receiver",
            _ => "s:Sender",
        }
    }

    /// WS-Trust 1.3, 11; WSS 1.1, 12; WS-Addressing 1.0 SOAP Binding, 6.4.
    fn subcode(self, version: Version) -> Name {
        let trust = |local| Name::new("a", version.namespace(), local);
        let addressing = |local| Name::new("a", ADDRESSING, local);
        let security = |local| Name::new("a", SECURITY, local);
        match self {
            Self::InvalidRequest
            | Self::TooLarge
            | Self::MediaType
            | Self::VersionMismatch
            | Self::MustUnderstand => trust("InvalidRequest"),
            Self::AddressingHeaderRequired => addressing("MessageAddressingHeaderRequired"),
            Self::InvalidAddressingHeader => addressing("InvalidAddressingHeader"),
            Self::OnlyAnonymousAddress => addressing("OnlyAnonymousAddressSupported"),
            Self::ActionNotSupported => addressing("ActionNotSupported"),
            Self::DestinationUnreachable => addressing("DestinationUnreachable"),
            Self::InvalidSecurity => security("InvalidSecurity"),
            Self::UnsupportedSecurityToken => security("UnsupportedSecurityToken"),
            Self::MessageExpired => Name::new("a", UTILITY, "MessageExpired"),
            Self::InvalidScope => trust("InvalidScope"),
            Self::FailedAuthentication => trust("FailedAuthentication"),
            Self::RequestFailed | Self::TooManyFailures | Self::Unavailable => {
                trust("RequestFailed")
            }
        }
    }

    /// How AD FS begins: programs that were written for it look for these.
    fn known_sentence(self) -> &'static str {
        match self {
            Self::FailedAuthentication => {
                "ID3242: The security token could not be authenticated or authorized."
            }
            Self::InvalidScope => "ID3082: The request scope is not valid or is unsupported.",
            _ => "MSIS3127: The specified request failed.",
        }
    }
}

impl Fault<'_> {
    /// Writes the message.
    ///
    /// # Errors
    /// When a value holds what XML cannot.
    pub fn to_xml(&self) -> Result<String, WriteError> {
        let mut writer = CanonicalWriter::new();
        writer.open(soap("Envelope"), &[]);
        writer.open(soap("Header"), &[]);
        let must = [(soap("mustUnderstand"), "1")];
        writer.leaf(wsa("Action"), &must, FAULT_ACTION);
        if let Some(message_id) = self.relates_to {
            writer.leaf(wsa("RelatesTo"), &[], message_id);
        }
        writer.close();
        writer.open(soap("Body"), &[]);
        writer.open(soap("Fault"), &[]);
        writer.open(soap("Code"), &[]);
        writer.leaf(soap("Value"), &[], self.code.code());
        writer.open(soap("Subcode"), &[]);
        writer.leaf_naming(soap("Value"), self.code.subcode(self.version));
        writer.close();
        writer.close();
        writer.open(soap("Reason"), &[]);
        let language = Name::new("xml", "http://www.w3.org/XML/1998/namespace", "lang");
        let reason = format!("{} {}", self.code.known_sentence(), self.reason);
        writer.leaf(soap("Text"), &[(language, "en-US")], &reason);
        writer.close();
        writer.close();
        writer.close();
        writer.close();
        writer.finish()
    }
}
