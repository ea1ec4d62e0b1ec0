use time::OffsetDateTime;

use crate::{
    keys::Signer,
    saml2::{
        ReceivedRequest, RequestError, format_timestamp,
        names::{ASSERTION, PROTOCOL, plain, saml, samlp},
        parse_timestamp,
        received::{Head, only},
    },
    trust::RequestSignatures,
    xml::{CanonicalWriter, Element, WriteError},
};

/// A request to end a session (SAML core 3.7.1), its signature checked as its trust demands.
#[derive(Clone, Debug)]
pub struct LogoutRequest {
    /// `ID`: what the answer's `InResponseTo` names.
    pub id: String,
    /// `Issuer`: the relying party's entity ID.
    pub issuer: String,
    /// When it was made.
    pub issue_instant: OffsetDateTime,
    /// From when on it is void, where it says so.
    pub not_on_or_after: Option<OffsetDateTime>,
    /// The address it was meant for, where it says so. A signed one must (SAML bindings 3.4.5.2 and
    /// 3.5.5.2).
    pub destination: Option<String>,
    /// Whose session.
    pub person: NamedPerson,
    /// Which of her sessions; all that this relying party has, if none.
    pub session_indexes: Vec<String>,
    /// Whether a signature was there and holds.
    pub is_signed: bool,
    /// `Asynchronous`: no answer is wanted (SAML V2.0 Asynchronous Single Logout 2.1).
    pub is_asynchronous: bool,
}

/// A `NameID` as a relying party gives it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPerson {
    /// The name.
    pub name: String,
    /// `Format`, where it is said.
    pub format: Option<String>,
    /// `NameQualifier`: the identity provider that gave the name, where it is said.
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`: the relying party that it was given to, where it is said.
    pub sp_name_qualifier: Option<String>,
}

/// Sessions of one person that one request may name.
const MOST_INDEXES: usize = 64;

const ASYNCHRONOUS: &str = "urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo";

impl ReceivedRequest {
    /// Checks the signature, then reads the request to end a session from what was verified.
    ///
    /// It must be signed. Where `permit_unsigned`, it need not be; a signature that is there and can
    /// be checked must hold then, too.
    pub fn authenticate_logout(
        self,
        signatures: &RequestSignatures,
        permit_unsigned: bool,
    ) -> Result<LogoutRequest, RequestError> {
        let message = self.0;
        if !message.root.is(PROTOCOL, "LogoutRequest") {
            return Err(RequestError::NotLogout);
        }
        match signatures {
            RequestSignatures::WhenPresent(keys) | RequestSignatures::Required(keys)
                if message.is_signed() || !permit_unsigned =>
            {
                message.verified(keys, |root| LogoutRequest::read(root, true))
            }
            RequestSignatures::NotVerified if !permit_unsigned => Err(RequestError::NoKeys),
            _ => LogoutRequest::read(&message.root, false),
        }
    }
}

impl LogoutRequest {
    fn read(root: &Element, is_signed: bool) -> Result<Self, RequestError> {
        let head = Head::read(root)?;
        if is_signed && head.destination.is_none() {
            return Err(RequestError::Malformed("Destination"));
        }
        let not_on_or_after = root
            .attribute("NotOnOrAfter")
            .map(|text| parse_timestamp(text).ok_or(RequestError::Malformed("NotOnOrAfter")))
            .transpose()?;
        let session_indexes = root
            .elements()
            .filter(|child| child.is(PROTOCOL, "SessionIndex"))
            .map(|index| index.text().map(|text| text.trim().to_owned()))
            .collect::<Option<Vec<_>>>()
            .filter(|indexes| indexes.len() <= MOST_INDEXES)
            .ok_or(RequestError::Malformed("SessionIndex"))?;
        let is_asynchronous = only(root, PROTOCOL, "Extensions")?.is_some_and(|extensions| {
            extensions
                .elements()
                .any(|child| child.is(ASYNCHRONOUS, "Asynchronous"))
        });
        Ok(Self {
            id: head.id,
            issuer: head.issuer,
            issue_instant: head.issue_instant,
            not_on_or_after,
            destination: head.destination,
            person: NamedPerson::read(root)?,
            session_indexes,
            is_signed,
            is_asynchronous,
        })
    }
}

impl NamedPerson {
    /// `BaseID` and `EncryptedID`, which might stand instead, are not issued here.
    pub(in crate::saml2) fn read(root: &Element) -> Result<Self, RequestError> {
        let malformed = RequestError::Malformed("NameID");
        let Some(name_id) = only(root, ASSERTION, "NameID")? else {
            return Err(malformed);
        };
        let Some(name) = name_id.text().map(str::trim).filter(|it| !it.is_empty()) else {
            return Err(malformed);
        };
        let attribute = |name| name_id.attribute(name).map(str::to_owned);
        Ok(Self {
            name: name.to_owned(),
            format: attribute("Format"),
            name_qualifier: attribute("NameQualifier"),
            sp_name_qualifier: attribute("SPNameQualifier"),
        })
    }
}

/// What a relying party is told when a session ends that it was told of.
#[derive(Clone, Debug)]
pub struct OutgoingLogoutRequest<'a> {
    /// `ID`, a fresh one.
    pub id: &'a str,
    /// The issuer of the assertion that began the session there.
    pub issuer: &'a str,
    /// Now.
    pub issue_instant: OffsetDateTime,
    /// From when on it is void.
    pub not_on_or_after: OffsetDateTime,
    /// The address it is sent to.
    pub destination: &'a str,
    /// The person, by the name that the assertion gave her.
    pub name_id: &'a str,
    /// That name's format.
    pub name_id_format: &'a str,
    /// The session, by the assertion's `SessionIndex`.
    pub session_index: &'a str,
}

impl OutgoingLogoutRequest<'_> {
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
        let issue_instant = format_timestamp(self.issue_instant);
        let not_on_or_after = format_timestamp(self.not_on_or_after);
        let attributes = [
            (plain("Destination"), self.destination),
            (plain("IssueInstant"), &issue_instant),
            (plain("NotOnOrAfter"), &not_on_or_after),
            (plain("Version"), "2.0"),
        ];
        super::open(
            &mut writer,
            samlp("LogoutRequest"),
            self.id,
            &attributes,
            signer,
        );
        writer.leaf(saml("Issuer"), &[], self.issuer);
        if signer.is_some() {
            writer.signature_here();
        }
        let format = (plain("Format"), self.name_id_format);
        writer.leaf(saml("NameID"), &[format], self.name_id);
        writer.leaf(samlp("SessionIndex"), &[], self.session_index);
        super::close(&mut writer, signer);
        writer.finish()
    }
}
