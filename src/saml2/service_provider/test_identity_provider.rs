//! An identity provider for the tests of this crate, which says and signs whatever it is told to.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use time::OffsetDateTime;

use crate::{
    keys::{Signer, VerifyingKey, create_signing_key},
    saml2::format_timestamp,
    xml::{Element, InclusivePrefixes, Limits, exclusive_c14n, read},
};

pub(crate) const ISSUER: &str = "https://idp.fabrikam.test/metadata";
pub(crate) const AUDIENCE: &str = "https://login.contoso.test/upstream/saml2/metadata";
pub(crate) const RECIPIENT: &str = "https://login.contoso.test/upstream/saml2/acs";
pub(crate) const REQUEST: &str = "_question";

/// One with a key of its own.
pub(crate) struct TestIdentityProvider(Signer);

impl TestIdentityProvider {
    pub(crate) fn new() -> Self {
        Self(create_signing_key("Fabrikam", 1).unwrap().signer)
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.0
    }

    pub(crate) fn into_signer(self) -> Signer {
        self.0
    }

    pub(crate) fn key(&self) -> VerifyingKey {
        self.0.certificate().public_key().clone()
    }

    /// `document` with a signature of the element that has this `ID`, behind its `Issuer`.
    pub(crate) fn sign(&self, document: &str, id: &str) -> String {
        const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
        const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

        let root = read(document.as_bytes(), &Limits::default()).unwrap();
        let element = with_id(&root, id).unwrap();
        let form = exclusive_c14n(element, &InclusivePrefixes::default()).unwrap();
        let digest = STANDARD.encode(digest(&SHA256, form.as_bytes()));
        let info = format!(
            "<ds:SignedInfo xmlns:ds=\"{DS}\"><ds:CanonicalizationMethod Algorithm=\"{C14N}\">\
             </ds:CanonicalizationMethod><ds:SignatureMethod \
             Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod>\
             <ds:Reference URI=\"#{id}\"><ds:Transforms><ds:Transform \
             Algorithm=\"{DS}enveloped-signature\"></ds:Transform><ds:Transform \
             Algorithm=\"{C14N}\"></ds:Transform></ds:Transforms><ds:DigestMethod \
             Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod>\
             <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
        );
        let value = STANDARD.encode(self.0.sign_rsa_sha256(info.as_bytes()).unwrap());
        let signature = format!(
            "<ds:Signature xmlns:ds=\"{DS}\">{info}<ds:SignatureValue>{value}</ds:SignatureValue>\
             </ds:Signature>"
        );
        let start = document.find(&format!("ID=\"{id}\"")).unwrap();
        let issuer = "</saml:Issuer>";
        let at = start + document[start..].find(issuer).unwrap() + issuer.len();
        format!("{}{signature}{}", &document[..at], &document[at..])
    }

    /// An answer whose assertion is signed, after these changes, in base64.
    pub(crate) fn answers(&self, now: OffsetDateTime, changes: &[(&str, &str)]) -> String {
        STANDARD.encode(self.sign(&answer(now, changes), "_assertion"))
    }
}

fn with_id<'a>(element: &'a Element, id: &str) -> Option<&'a Element> {
    if element.attribute("ID") == Some(id) {
        return Some(element);
    }
    element.elements().find_map(|child| with_id(child, id))
}

/// An answer about Wendy at `now`, not signed yet, with each text replaced by another wherever it
/// stands.
pub(crate) fn answer(now: OffsetDateTime, changes: &[(&str, &str)]) -> String {
    let at = |seconds| format_timestamp(now + time::Duration::seconds(seconds));
    let (now, from, until) = (at(0), at(-30), at(300));
    let mut document = format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_answer\" Version=\"2.0\" \
         IssueInstant=\"{now}\" Destination=\"{RECIPIENT}\" InResponseTo=\"{REQUEST}\">\
         <saml:Issuer>{ISSUER}</saml:Issuer><samlp:Status><samlp:StatusCode \
         Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
         <saml:Assertion ID=\"_assertion\" Version=\"2.0\" IssueInstant=\"{now}\">\
         <saml:Issuer>{ISSUER}</saml:Issuer><saml:Subject>\
         <saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">\
         wmoran@fabrikam.com</saml:NameID>\
         <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml:SubjectConfirmationData InResponseTo=\"{REQUEST}\" NotOnOrAfter=\"{until}\" \
         Recipient=\"{RECIPIENT}\"/></saml:SubjectConfirmation></saml:Subject>\
         <saml:Conditions NotBefore=\"{from}\" NotOnOrAfter=\"{until}\">\
         <saml:AudienceRestriction><saml:Audience>{AUDIENCE}</saml:Audience>\
         </saml:AudienceRestriction></saml:Conditions>\
         <saml:AuthnStatement AuthnInstant=\"{from}\" SessionIndex=\"_session\">\
         <saml:AuthnContext><saml:AuthnContextClassRef>\
         urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport\
         </saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
         <saml:AttributeStatement><saml:Attribute Name=\"urn:oid:0.9.2342.19200300.100.1.3\" \
         FriendlyName=\"mail\"><saml:AttributeValue>wendy@fabrikam.com</saml:AttributeValue>\
         </saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"
    );
    for (old, new) in changes {
        assert!(document.contains(old), "{old} is not in {document}");
        document = document.replace(old, new);
    }
    document
}
