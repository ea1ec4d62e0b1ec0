use std::borrow::Cow;

use time::OffsetDateTime;

use crate::{
    keys::Signer,
    saml2::format_timestamp,
    xml::{CanonicalWriter, Name},
};

use super::{
    ClaimType,
    names::{BEARER, saml},
};

/// What one bearer assertion says (SAML core 1.1, 2.3.2).
#[derive(Clone, Copy, Debug)]
pub struct Assertion<'a> {
    /// `AssertionID`, from [`crate::saml2::new_id`].
    pub id: &'a str,
    /// The federated domain's issuer.
    pub issuer: &'a str,
    /// Now.
    pub issue_instant: OffsetDateTime,
    /// `NameIdentifier`: the person; for Entra the `ImmutableID`.
    pub name_identifier: &'a str,
    /// Its `Format`.
    pub name_identifier_format: &'a str,
    /// Who may take it.
    pub audience: &'a str,
    /// The first moment of validity.
    pub not_before: OffsetDateTime,
    /// The first moment at which it is no longer valid (exclusive).
    pub not_on_or_after: OffsetDateTime,
    /// The attributes; one without values is left out, since the schema permits none.
    pub attributes: &'a [Attribute<'a>],
    /// How the person proved who she is.
    pub authentication_method: AuthenticationMethod,
    /// When she did: the proof's real time, not the time of issue.
    pub authentication_instant: OffsetDateTime,
}

/// One attribute of an [`Assertion`].
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    /// What it says.
    pub claim_type: ClaimType<'a>,
    /// Its values, in order.
    pub values: &'a [Cow<'a, str>],
}

/// How a person proved who she is (SAML core 1.1, 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthenticationMethod {
    /// By a password. Never said to be more: Entra takes another value for a second factor.
    Password,
    /// By several factors: the value that Entra takes for that.
    SeveralFactors,
}

impl AuthenticationMethod {
    /// The URI in `AuthenticationMethod`.
    pub fn uri(self) -> &'static str {
        match self {
            Self::Password => "urn:oasis:names:tc:SAML:1.0:am:password",
            Self::SeveralFactors => "http://schemas.microsoft.com/claims/multipleauthn",
        }
    }
}

impl Assertion<'_> {
    /// Writes it where `writer` stands, signed on its own, and says all of its namespaces itself: it
    /// stays valid when it is cut out of the document around it, which is what clients do with it.
    ///
    /// What cannot be written is an error of [`CanonicalWriter::finish`].
    pub fn write_signed(&self, writer: &mut CanonicalWriter, signer: &Signer) {
        writer.open_signed(
            saml("Assertion"),
            "AssertionID",
            self.id,
            &[
                (
                    Name::plain("IssueInstant"),
                    &format_timestamp(self.issue_instant),
                ),
                (Name::plain("Issuer"), self.issuer),
                (Name::plain("MajorVersion"), "1"),
                (Name::plain("MinorVersion"), "1"),
            ],
        );
        self.write_conditions(writer);
        self.write_attributes(writer);
        self.write_authentication(writer);
        // The schema wants it last, unlike that of SAML 2.0.
        writer.signature_here();
        writer.close_signed(signer);
    }

    fn write_conditions(&self, writer: &mut CanonicalWriter) {
        writer.open(
            saml("Conditions"),
            &[
                (Name::plain("NotBefore"), &format_timestamp(self.not_before)),
                (
                    Name::plain("NotOnOrAfter"),
                    &format_timestamp(self.not_on_or_after),
                ),
            ],
        );
        writer.open(saml("AudienceRestrictionCondition"), &[]);
        writer.leaf(saml("Audience"), &[], self.audience);
        writer.close();
        writer.close();
    }

    fn write_attributes(&self, writer: &mut CanonicalWriter) {
        let mut attributes = self
            .attributes
            .iter()
            .filter(|attribute| !attribute.values.is_empty())
            .peekable();
        if attributes.peek().is_none() {
            return;
        }
        writer.open(saml("AttributeStatement"), &[]);
        self.write_subject(writer);
        for Attribute { claim_type, values } in attributes {
            writer.open(
                saml("Attribute"),
                &[
                    (Name::plain("AttributeName"), claim_type.name()),
                    (Name::plain("AttributeNamespace"), claim_type.namespace()),
                ],
            );
            for value in *values {
                writer.leaf(saml("AttributeValue"), &[], value);
            }
            writer.close();
        }
        writer.close();
    }

    fn write_authentication(&self, writer: &mut CanonicalWriter) {
        writer.open(
            saml("AuthenticationStatement"),
            &[
                (
                    Name::plain("AuthenticationInstant"),
                    &format_timestamp(self.authentication_instant),
                ),
                (
                    Name::plain("AuthenticationMethod"),
                    self.authentication_method.uri(),
                ),
            ],
        );
        self.write_subject(writer);
        writer.close();
    }

    /// Each statement names the person again (SAML core 1.1, 2.4.2).
    fn write_subject(&self, writer: &mut CanonicalWriter) {
        writer.open(saml("Subject"), &[]);
        writer.leaf(
            saml("NameIdentifier"),
            &[(Name::plain("Format"), self.name_identifier_format)],
            self.name_identifier,
        );
        writer.open(saml("SubjectConfirmation"), &[]);
        writer.leaf(saml("ConfirmationMethod"), &[], BEARER);
        writer.close();
        writer.close();
    }
}
