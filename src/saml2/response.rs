use std::iter::once;

use time::OffsetDateTime;

use crate::{
    fixed_text::{FixedText, hex},
    keys::{KeyError, Signer, random_octets},
    trust::{Claim, NameId},
    xml::{CanonicalWriter, Encryption, Name, WriteError},
};

use super::{
    AuthnContextClass, Status, format_timestamp,
    names::{BEARER, plain, saml, samlp},
    status::SUCCESS,
};

/// What one assertion says (SAML core 2.3.3), for the bearer profile of web single sign-on
/// (SAML profiles 4.1.4.2).
#[derive(Clone, Debug)]
pub struct Assertion<'a> {
    /// `ID`, from [`new_id`].
    pub id: &'a str,
    /// The federated domain's issuer.
    pub issuer: &'a str,
    /// Now.
    pub issue_instant: OffsetDateTime,
    /// `NameID`: the person.
    pub name_id: &'a NameId<'a>,
    /// The request it answers; `None` where a message of another protocol carries it.
    pub in_response_to: Option<&'a str>,
    /// The address it is sent to.
    pub recipient: &'a str,
    /// Who may take it.
    pub audience: &'a str,
    /// The first moment of validity.
    pub not_before: OffsetDateTime,
    /// The first moment at which it is no longer valid (exclusive).
    pub not_on_or_after: OffsetDateTime,
    /// Its attributes.
    pub attributes: &'a [Claim<'a>],
    /// When the password was proven: the first factor's real time, not the time of issue.
    pub authn_instant: OffsetDateTime,
    /// Names the session, for single logout; says nothing about the cookie.
    pub session_index: &'a str,
    /// How it was proven.
    pub authn_context: AuthnContextClass,
}

/// A Response that carries an assertion.
#[derive(Clone, Debug)]
pub struct SuccessResponse<'a> {
    /// `ID`, from [`new_id`].
    pub id: &'a str,
    /// The assertion; its issuer, recipient and request are the Response's too.
    pub assertion: Assertion<'a>,
    /// Whether the Response is signed around the signed assertion.
    pub sign_response: bool,
    /// For whom the signed assertion is encrypted, if it is.
    pub encryption: Option<&'a Encryption>,
}

/// A Response that says what went wrong.
#[derive(Clone, Debug)]
pub struct ErrorResponse<'a> {
    /// `ID`, from [`new_id`].
    pub id: &'a str,
    /// One of our issuers.
    pub issuer: &'a str,
    /// Now.
    pub issue_instant: OffsetDateTime,
    /// The address it is sent to.
    pub destination: &'a str,
    /// The request it answers.
    pub in_response_to: &'a str,
    /// The status.
    pub status: Status,
    /// A sentence for whoever reads the relying party's log, correlation id included.
    pub message: &'a str,
}

/// A fresh `ID`: an underscore, since it must be an `NCName`, and 128 random bits (SAML core 1.3.4).
pub fn new_id() -> Result<Id, KeyError> {
    Ok(id_of(&random_octets::<16>()?))
}

/// An underscore and 128 bits in hexadecimal.
pub type Id = FixedText<33>;

/// The [`Id`] with these bits.
pub(crate) fn id_of(octets: &[u8; 16]) -> Id {
    Id::of(once(b'_').chain(hex(octets)))
}

impl SuccessResponse<'_> {
    /// Writes and signs the Response. The assertion is always signed, on its own, and encrypted
    /// after that, if at all (SAML core 6.2).
    pub fn to_signed_xml(&self, signer: &Signer) -> Result<String, WriteError> {
        let assertion = &self.assertion;
        let issued = format_timestamp(assertion.issue_instant);
        let in_response_to = in_response_to(assertion.in_response_to);
        let destination = (plain("Destination"), assertion.recipient);
        let issue_instant = (plain("IssueInstant"), issued.as_str());
        let version = (plain("Version"), "2.0");
        let mut writer = CanonicalWriter::new();
        if self.sign_response {
            let attributes = [in_response_to, destination, issue_instant, version];
            writer.open_signed(samlp("Response"), "ID", self.id, present(&attributes));
            writer.leaf(saml("Issuer"), &[], assertion.issuer);
            writer.signature_here();
        } else {
            let id = (plain("ID"), self.id);
            let solicited = [destination, id, in_response_to, issue_instant, version];
            let unsolicited = [destination, id, issue_instant, version];
            let attributes = match assertion.in_response_to {
                Some(_) => &solicited[..],
                None => &unsolicited,
            };
            writer.open(samlp("Response"), attributes);
            writer.leaf(saml("Issuer"), &[], assertion.issuer);
        }
        writer.open(samlp("Status"), &[]);
        writer.leaf(samlp("StatusCode"), &[(plain("Value"), SUCCESS)], "");
        writer.close();
        match self.encryption {
            None => assertion.write(&mut writer, signer, &issued),
            Some(encryption) => {
                let mut alone = CanonicalWriter::new();
                assertion.write(&mut alone, signer, &issued);
                let encrypted = encryption.encrypt(alone.finish()?)?;
                writer.open(saml("EncryptedAssertion"), &[]);
                encrypted.write(&mut writer);
                writer.close();
            }
        }
        if self.sign_response {
            writer.close_signed(signer);
        } else {
            writer.close();
        }
        writer.finish()
    }
}

/// `InResponseTo`, for the first place of a list that [`present`] is asked about.
fn in_response_to(request: Option<&str>) -> (Name, &str) {
    (plain("InResponseTo"), request.unwrap_or_default())
}

/// The list without its first attribute where that one has no value.
fn present<'a, 'b>(attributes: &'a [(Name, &'b str)]) -> &'a [(Name, &'b str)] {
    match attributes {
        [(_, ""), rest @ ..] => rest,
        all => all,
    }
}

impl Assertion<'_> {
    /// Writes it where `writer` stands, signed on its own. It says all of its namespaces itself, and
    /// stays valid when it is cut out of the document around it.
    ///
    /// What cannot be written is an error of [`CanonicalWriter::finish`].
    pub fn write_signed(&self, writer: &mut CanonicalWriter, signer: &Signer) {
        self.write(writer, signer, &format_timestamp(self.issue_instant));
    }

    fn write(&self, writer: &mut CanonicalWriter, signer: &Signer, issued: &str) {
        writer.open_signed(
            saml("Assertion"),
            "ID",
            self.id,
            &[(plain("IssueInstant"), issued), (plain("Version"), "2.0")],
        );
        writer.leaf(saml("Issuer"), &[], self.issuer);
        writer.signature_here();
        let ends = format_timestamp(self.not_on_or_after);
        self.write_subject(writer, &ends);
        self.write_conditions(writer, &ends);
        self.write_authn_statement(writer);
        self.write_attributes(writer);
        writer.close_signed(signer);
    }

    fn write_subject(&self, writer: &mut CanonicalWriter, ends: &str) {
        writer.open(saml("Subject"), &[]);
        writer.leaf(
            saml("NameID"),
            &[(plain("Format"), self.name_id.format.uri())],
            &self.name_id.value,
        );
        writer.open(saml("SubjectConfirmation"), &[(plain("Method"), BEARER)]);
        // No NotBefore here: the profile forbids it (SAML profiles 4.1.4.2).
        writer.leaf(
            saml("SubjectConfirmationData"),
            present(&[
                in_response_to(self.in_response_to),
                (plain("NotOnOrAfter"), ends),
                (plain("Recipient"), self.recipient),
            ]),
            "",
        );
        writer.close();
        writer.close();
    }

    fn write_conditions(&self, writer: &mut CanonicalWriter, ends: &str) {
        writer.open(
            saml("Conditions"),
            &[
                (plain("NotBefore"), &format_timestamp(self.not_before)),
                (plain("NotOnOrAfter"), ends),
            ],
        );
        writer.open(saml("AudienceRestriction"), &[]);
        writer.leaf(saml("Audience"), &[], self.audience);
        writer.close();
        writer.close();
    }

    fn write_authn_statement(&self, writer: &mut CanonicalWriter) {
        writer.open(
            saml("AuthnStatement"),
            &[
                (plain("AuthnInstant"), &format_timestamp(self.authn_instant)),
                (plain("SessionIndex"), self.session_index),
            ],
        );
        writer.open(saml("AuthnContext"), &[]);
        writer.leaf(saml("AuthnContextClassRef"), &[], self.authn_context.uri());
        writer.close();
        writer.close();
    }

    fn write_attributes(&self, writer: &mut CanonicalWriter) {
        if self.attributes.is_empty() {
            return;
        }
        writer.open(saml("AttributeStatement"), &[]);
        for claim in self.attributes {
            let name = (plain("Name"), claim.name);
            match (claim.friendly_name, claim.name_format) {
                (None, None) => writer.open(saml("Attribute"), &[name]),
                (friendly, format) => {
                    let friendly = friendly.map(|text| (plain("FriendlyName"), text));
                    let format = format.map(|format| (plain("NameFormat"), format.uri()));
                    let said: Vec<_> = friendly.into_iter().chain([name]).chain(format).collect();
                    writer.open(saml("Attribute"), &said);
                }
            }
            for value in claim.values() {
                writer.leaf(saml("AttributeValue"), &[], value);
            }
            writer.close();
        }
        writer.close();
    }
}

impl ErrorResponse<'_> {
    /// Writes the Response, signed if there is a signer. It asserts nothing about anybody, so that
    /// it needs a signature only where a relying party takes no Response without.
    pub fn to_xml(&self, signer: Option<&Signer>) -> Result<String, WriteError> {
        let issued = format_timestamp(self.issue_instant);
        let [destination, in_response_to, issue_instant, version] = [
            (plain("Destination"), self.destination),
            (plain("InResponseTo"), self.in_response_to),
            (plain("IssueInstant"), &*issued),
            (plain("Version"), "2.0"),
        ];
        let mut writer = CanonicalWriter::new();
        if signer.is_some() {
            let attributes = [destination, in_response_to, issue_instant, version];
            writer.open_signed(samlp("Response"), "ID", self.id, &attributes);
            writer.leaf(saml("Issuer"), &[], self.issuer);
            writer.signature_here();
        } else {
            let id = (plain("ID"), self.id);
            let attributes = [destination, id, in_response_to, issue_instant, version];
            writer.open(samlp("Response"), &attributes);
            writer.leaf(saml("Issuer"), &[], self.issuer);
        }
        writer.open(samlp("Status"), &[]);
        writer.open(
            samlp("StatusCode"),
            &[(plain("Value"), self.status.top_level())],
        );
        if let Some(second) = self.status.second_level() {
            writer.leaf(samlp("StatusCode"), &[(plain("Value"), second)], "");
        }
        writer.close();
        writer.leaf(samlp("StatusMessage"), &[], self.message);
        writer.close();
        match signer {
            Some(signer) => writer.close_signed(signer),
            None => writer.close(),
        }
        writer.finish()
    }
}
