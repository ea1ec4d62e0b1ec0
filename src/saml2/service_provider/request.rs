use time::OffsetDateTime;

use crate::{
    saml2::{
        format_timestamp,
        names::{BINDING_POST, plain, saml, samlp},
    },
    trust::NameIdFormat,
    xml::{CanonicalWriter, WriteError},
};

/// What an identity provider is asked (SAML core 3.4.1).
#[derive(Clone, Debug)]
pub struct OutgoingAuthnRequest<'a> {
    /// `ID`, a fresh one: the answer's `InResponseTo`.
    pub id: &'a str,
    /// Who asks: our entity ID as a service provider.
    pub issuer: &'a str,
    /// Now.
    pub issue_instant: OffsetDateTime,
    /// The address it is sent to.
    pub destination: &'a str,
    /// Where the answer is to go, by HTTP-POST.
    pub consumer: &'a str,
    /// `ForceAuthn`: the person must prove who she is anew.
    pub force_authn: bool,
    /// Who must sign in and nobody else, by email address (`Subject`).
    pub subject: Option<&'a str>,
    /// The kind of name that is asked for; `None` to leave it to the identity provider.
    pub name_id_format: Option<NameIdFormat>,
    /// The ways of proving it, each of which would do (`RequestedAuthnContext`, exact); empty to leave
    /// it to the identity provider.
    pub authn_context: &'a [String],
}

impl OutgoingAuthnRequest<'_> {
    /// Writes it for HTTP-Redirect, where the query is signed and not the message.
    ///
    /// # Errors
    /// When a value cannot stand in XML.
    pub fn to_xml(&self) -> Result<String, WriteError> {
        let mut writer = CanonicalWriter::new();
        let issue_instant = format_timestamp(self.issue_instant);
        let attributes = [
            (plain("ForceAuthn"), "true"),
            (plain("AssertionConsumerServiceURL"), self.consumer),
            (plain("Destination"), self.destination),
            (plain("ID"), self.id),
            (plain("IssueInstant"), &issue_instant),
            (plain("ProtocolBinding"), BINDING_POST),
            (plain("Version"), "2.0"),
        ];
        let said = match &attributes[..] {
            [_, rest @ ..] if !self.force_authn => rest,
            all => all,
        };
        writer.open(samlp("AuthnRequest"), said);
        writer.leaf(saml("Issuer"), &[], self.issuer);
        if let Some(subject) = self.subject {
            let format = (plain("Format"), NameIdFormat::EmailAddress.uri());
            writer.open(saml("Subject"), &[]);
            writer.leaf(saml("NameID"), &[format], subject);
            writer.close();
        }
        if let Some(format) = self.name_id_format {
            let format = (plain("Format"), format.uri());
            let policy = [(plain("AllowCreate"), "true"), format];
            writer.leaf(samlp("NameIDPolicy"), &policy, "");
        }
        if !self.authn_context.is_empty() {
            let comparison = (plain("Comparison"), "exact");
            writer.open(samlp("RequestedAuthnContext"), &[comparison]);
            for class in self.authn_context {
                writer.leaf(saml("AuthnContextClassRef"), &[], class);
            }
            writer.close();
        }
        writer.close();
        writer.finish()
    }
}
