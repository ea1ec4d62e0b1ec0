//! The messages that applications get, to the byte (as captured; Microsoft: "Single sign-on SAML
//! protocol" and "Single Sign-Out SAML protocol").

use time::{Duration, OffsetDateTime};

use super::{SAML, SAMLP, subject::NameId};
use crate::{
    entra::instant::to_milliseconds,
    keys::Signer,
    xml::{CanonicalWriter, Name, WriteError},
};

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

const fn samlp(local: &'static str) -> Name {
    Name::new("samlp", SAMLP, local)
}

const fn saml(local: &'static str) -> Name {
    Name::new("", SAML, local)
}

/// What is round each message.
#[derive(Clone, Copy)]
pub(super) struct Envelope<'a> {
    pub(super) id: &'a str,
    pub(super) issuer: &'a str,
    pub(super) destination: &'a str,
    pub(super) in_response_to: Option<&'a str>,
    pub(super) now: OffsetDateTime,
}

/// What an assertion says.
pub(super) struct Assertion<'a> {
    pub(super) id: &'a str,
    pub(super) audience: &'a str,
    pub(super) name_id: &'a NameId,
    pub(super) claims: &'a [(String, String)],
    pub(super) authn_instant: OffsetDateTime,
    pub(super) authn_context: &'a str,
}

impl Envelope<'_> {
    /// A Response with an assertion in it, which is signed; what is round it is not.
    pub(super) fn success(
        &self,
        assertion: &Assertion<'_>,
        signer: &Signer,
    ) -> Result<String, WriteError> {
        let mut writer = CanonicalWriter::new();
        self.open(&mut writer, "Response");
        status(&mut writer, SUCCESS, None);
        self.assertion(&mut writer, assertion, signer);
        writer.close();
        writer.finish()
    }

    /// A Response that says that nobody was signed in who need not be asked.
    pub(super) fn no_passive(&self, message: &str) -> Result<String, WriteError> {
        let mut writer = CanonicalWriter::new();
        self.open(&mut writer, "Response");
        let responder = "urn:oasis:names:tc:SAML:2.0:status:Responder";
        let no_passive = "urn:oasis:names:tc:SAML:2.0:status:NoPassive";
        status(&mut writer, responder, Some((no_passive, message)));
        writer.close();
        writer.finish()
    }

    /// The answer to whoever has asked for the end of a session.
    pub(super) fn logout_response(&self) -> Result<String, WriteError> {
        let mut writer = CanonicalWriter::new();
        self.open(&mut writer, "LogoutResponse");
        status(&mut writer, SUCCESS, None);
        writer.close();
        writer.finish()
    }

    /// A request to whoever else knows the session.
    pub(super) fn logout_request(
        &self,
        name_id: &NameId,
        session_index: &str,
    ) -> Result<String, WriteError> {
        let mut writer = CanonicalWriter::new();
        self.open(&mut writer, "LogoutRequest");
        write_name_id(&mut writer, name_id);
        writer.leaf(samlp("SessionIndex"), &[], session_index);
        writer.close();
        writer.finish()
    }

    fn open(&self, writer: &mut CanonicalWriter, kind: &'static str) {
        let now = to_milliseconds(self.now);
        let mut attributes = vec![
            (Name::plain("Destination"), self.destination),
            (Name::plain("ID"), self.id),
            (Name::plain("IssueInstant"), now.as_str()),
            (Name::plain("Version"), "2.0"),
        ];
        let asked = self.in_response_to;
        attributes.extend(asked.map(|id| (Name::plain("InResponseTo"), id)));
        writer.open(samlp(kind), &attributes);
        writer.leaf(saml("Issuer"), &[], self.issuer);
    }

    fn assertion(&self, writer: &mut CanonicalWriter, it: &Assertion<'_>, signer: &Signer) {
        // Captured assertions hold from five minutes before to an hour after; Microsoft's article has
        // another span.
        let (now, since, until) = (
            to_milliseconds(self.now),
            to_milliseconds(self.now - Duration::minutes(5)),
            to_milliseconds(self.now + Duration::hours(1)),
        );
        let head = [
            (Name::plain("IssueInstant"), now.as_str()),
            (Name::plain("Version"), "2.0"),
        ];
        writer.open_signed(saml("Assertion"), "ID", it.id, &head);
        writer.leaf(saml("Issuer"), &[], self.issuer);
        writer.signature_here();
        self.subject(writer, it.name_id, &until);
        let span = [
            (Name::plain("NotBefore"), since.as_str()),
            (Name::plain("NotOnOrAfter"), until.as_str()),
        ];
        writer.open(saml("Conditions"), &span);
        writer.open(saml("AudienceRestriction"), &[]);
        writer.leaf(saml("Audience"), &[], it.audience);
        writer.close();
        writer.close();
        writer.open(saml("AttributeStatement"), &[]);
        for (name, value) in it.claims {
            writer.open(saml("Attribute"), &[(Name::plain("Name"), name)]);
            writer.leaf(saml("AttributeValue"), &[], value);
            writer.close();
        }
        writer.close();
        let authenticated = to_milliseconds(it.authn_instant);
        let statement = [
            (Name::plain("AuthnInstant"), authenticated.as_str()),
            (Name::plain("SessionIndex"), it.id),
        ];
        writer.open(saml("AuthnStatement"), &statement);
        writer.open(saml("AuthnContext"), &[]);
        writer.leaf(saml("AuthnContextClassRef"), &[], it.authn_context);
        writer.close();
        writer.close();
        writer.close_signed(signer);
    }

    fn subject(&self, writer: &mut CanonicalWriter, name_id: &NameId, until: &str) {
        writer.open(saml("Subject"), &[]);
        write_name_id(writer, name_id);
        let bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
        writer.open(
            saml("SubjectConfirmation"),
            &[(Name::plain("Method"), bearer)],
        );
        let mut data = vec![
            (Name::plain("NotOnOrAfter"), until),
            (Name::plain("Recipient"), self.destination),
        ];
        let asked = self.in_response_to;
        data.extend(asked.map(|id| (Name::plain("InResponseTo"), id)));
        writer.leaf(saml("SubjectConfirmationData"), &data, "");
        writer.close();
        writer.close();
    }
}

fn write_name_id(writer: &mut CanonicalWriter, name_id: &NameId) {
    let mut attributes = vec![(Name::plain("Format"), name_id.format)];
    let qualifier = name_id.sp_name_qualifier.as_deref();
    attributes.extend(qualifier.map(|it| (Name::plain("SPNameQualifier"), it)));
    writer.leaf(saml("NameID"), &attributes, &name_id.value);
}

fn status(writer: &mut CanonicalWriter, code: &str, more: Option<(&str, &str)>) {
    writer.open(samlp("Status"), &[]);
    writer.open(samlp("StatusCode"), &[(Name::plain("Value"), code)]);
    if let Some((second, _)) = more {
        let value = [(Name::plain("Value"), second)];
        writer.leaf(samlp("StatusCode"), &value, "");
    }
    writer.close();
    if let Some((_, message)) = more {
        writer.leaf(samlp("StatusMessage"), &[], message);
    }
    writer.close();
}
