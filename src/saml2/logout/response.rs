use time::OffsetDateTime;

use crate::{
    keys::Signer,
    saml2::{
        ReceivedResponse, RequestError, Status, format_timestamp,
        names::{PROTOCOL, plain, saml, samlp},
        received::{Head, id, only},
        status::{PARTIAL_LOGOUT, SUCCESS},
    },
    trust::RequestSignatures,
    xml::{CanonicalWriter, Element, WriteError},
};

/// What a relying party answers to a request of ours (SAML core 3.7.2), its signature checked where
/// there are keys.
#[derive(Clone, Debug)]
pub struct LogoutResponse {
    /// The request that it answers.
    pub in_response_to: String,
    /// `Issuer`: the relying party's entity ID.
    pub issuer: String,
    /// The address it was meant for, where it says so.
    pub destination: Option<String>,
    /// Whether the session is ended there: the top-level status is Success.
    pub is_success: bool,
    /// What else the status says, for the log: the values of its codes from the outermost on.
    pub codes: String,
}

impl ReceivedResponse {
    /// Checks the signature where the relying party has keys, then reads the answer from what was
    /// verified.
    ///
    /// Without keys it is read as it is. Nothing hangs on it but what a page says, and whoever sends
    /// it must know the random ID of the request that it answers.
    pub fn authenticate_logout(
        self,
        signatures: &RequestSignatures,
    ) -> Result<LogoutResponse, RequestError> {
        let message = self.0;
        if !message.root.is(PROTOCOL, "LogoutResponse") {
            return Err(RequestError::NotLogout);
        }
        match signatures {
            RequestSignatures::NotVerified => LogoutResponse::read(&message.root),
            RequestSignatures::WhenPresent(keys) | RequestSignatures::Required(keys) => {
                message.verified(keys, LogoutResponse::read)
            }
        }
    }
}

impl LogoutResponse {
    fn read(root: &Element) -> Result<Self, RequestError> {
        let head = Head::read(root)?;
        let in_response_to = id(root, "InResponseTo")?;
        let mut codes = Vec::new();
        let mut place = only(root, PROTOCOL, "Status")?;
        while let Some(outer) = place {
            place = only(outer, PROTOCOL, "StatusCode")?;
            codes.extend(place.map(|code| code.attribute("Value").unwrap_or_default()));
        }
        Ok(Self {
            in_response_to,
            issuer: head.issuer,
            destination: head.destination,
            is_success: codes.first() == Some(&SUCCESS),
            codes: codes.join(" / "),
        })
    }
}

/// How a session's end went, for the relying party that asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutAnswer {
    /// It has ended, and all others were told.
    Success,
    /// It has ended here, and not everybody could be told, or has confirmed it (SAML core 3.2.2.2).
    Partial,
    /// It has not.
    Refused(Status),
}

/// The answer to a relying party's request.
#[derive(Clone, Debug)]
pub struct OutgoingLogoutResponse<'a> {
    /// `ID`, a fresh one.
    pub id: &'a str,
    /// One of our issuers.
    pub issuer: &'a str,
    /// Now.
    pub issue_instant: OffsetDateTime,
    /// The address it is sent to.
    pub destination: &'a str,
    /// The request.
    pub in_response_to: &'a str,
    /// How it went.
    pub answer: LogoutAnswer,
}

impl OutgoingLogoutResponse<'_> {
    /// Writes it for HTTP-Redirect, where the query is signed and not the message.
    pub fn to_xml(&self) -> Result<String, WriteError> {
        self.write(None)
    }

    /// Writes and signs it for HTTP-POST.
    pub fn to_signed_xml(&self, signer: &Signer) -> Result<String, WriteError> {
        self.write(Some(signer))
    }

    fn write(&self, signer: Option<&Signer>) -> Result<String, WriteError> {
        let mut writer = CanonicalWriter::new();
        let attributes = [
            (plain("Destination"), self.destination),
            (plain("InResponseTo"), self.in_response_to),
            (plain("IssueInstant"), &format_timestamp(self.issue_instant)),
            (plain("Version"), "2.0"),
        ];
        super::open(
            &mut writer,
            samlp("LogoutResponse"),
            self.id,
            &attributes,
            signer,
        );
        writer.leaf(saml("Issuer"), &[], self.issuer);
        if signer.is_some() {
            writer.signature_here();
        }
        let (first, second) = self.answer.codes();
        writer.open(samlp("Status"), &[]);
        writer.open(samlp("StatusCode"), &[(plain("Value"), first)]);
        if let Some(second) = second {
            writer.leaf(samlp("StatusCode"), &[(plain("Value"), second)], "");
        }
        writer.close();
        writer.close();
        super::close(&mut writer, signer);
        writer.finish()
    }
}

impl LogoutAnswer {
    /// The top-level code says how it went here, the second one how it went elsewhere (SAML core
    /// 3.7.3.2).
    fn codes(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Success => (SUCCESS, None),
            Self::Partial => (SUCCESS, Some(PARTIAL_LOGOUT)),
            Self::Refused(status) => (status.top_level(), status.second_level()),
        }
    }
}
