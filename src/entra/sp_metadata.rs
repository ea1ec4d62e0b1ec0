//! Entra as a service provider in its own metadata (facts 1.1): from here an identity provider learns the
//! key that requests are signed with.
//!
//! The real one's names formats that do not work; this one names what does. It is signed with the
//! same key, by rsa-sha256 where the real one is by rsa-sha1.

use hyper::StatusCode;

use super::{Simulator, random};
use crate::{
    http::{Response, response},
    keys::KeyError,
    xml::{CanonicalWriter, Name, WriteError},
};

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// Why there is none.
#[derive(Debug, thiserror::Error)]
enum MetadataError {
    /// No key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

const fn md(local: &'static str) -> Name {
    Name::new("md", METADATA, local)
}

const fn ds(local: &'static str) -> Name {
    Name::new("ds", DS, local)
}

impl Simulator {
    /// `/federationmetadata/saml20/federationmetadata.xml`.
    pub(super) fn sp_metadata(&self) -> Response {
        match self.metadata_document() {
            Ok(document) => {
                response::typed(StatusCode::OK, "application/samlmetadata+xml", document)
            }
            Err(error) => {
                tracing::error!(%error, "no metadata");
                response::text(StatusCode::INTERNAL_SERVER_ERROR, "There is no metadata.\n")
            }
        }
    }

    fn metadata_document(&self) -> Result<String, MetadataError> {
        let signer = self.request_signer()?;
        let sign_in = self.assertion_consumer_service();
        let id = format!("_{}", random::guid());
        let plain = Name::plain;
        let mut writer = CanonicalWriter::new();
        writer.open_signed(
            md("EntityDescriptor"),
            "ID",
            &id,
            &[(plain("entityID"), self.audience())],
        );
        writer.signature_here();
        writer.open(
            md("SPSSODescriptor"),
            &[
                (plain("WantAssertionsSigned"), "true"),
                (
                    plain("protocolSupportEnumeration"),
                    "urn:oasis:names:tc:SAML:2.0:protocol",
                ),
            ],
        );
        writer.open(md("KeyDescriptor"), &[(plain("use"), "signing")]);
        writer.open(ds("KeyInfo"), &[]);
        writer.open(ds("X509Data"), &[]);
        writer.leaf(ds("X509Certificate"), &[], signer.certificate().base64());
        writer.close();
        writer.close();
        writer.close();
        let persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
        writer.leaf(md("NameIDFormat"), &[], persistent);
        writer.leaf(
            md("AssertionConsumerService"),
            &[
                (plain("Binding"), POST),
                (plain("Location"), sign_in),
                (plain("index"), "0"),
                (plain("isDefault"), "true"),
            ],
            "",
        );
        writer.close();
        writer.close_signed(signer.signer());
        Ok(writer.finish()?)
    }
}
