//! Federation metadata as applications read it (Microsoft: "Federation metadata"): of a tenant, or of
//! one of its applications.
//!
//! Entra's has roles of WS-Federation besides; for applications that is not simulated.

use hyper::StatusCode;
use time::OffsetDateTime;

use super::{POST, REDIRECT, SAMLP, issuer};
use crate::{
    entra::{
        Address, ObjectId, Refusal, SamlApplicationCode, Simulator, begin, pages::PageError, random,
    },
    http::{Request, Response, response},
    keys::Signer,
    xml::{CanonicalWriter, Name, WriteError},
};

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

const fn md(local: &'static str) -> Name {
    Name::new("", METADATA, local)
}

const fn ds(local: &'static str) -> Name {
    Name::new("ds", DS, local)
}

impl Simulator {
    /// `/{tenant}/federationmetadata/2007-06/federationmetadata.xml`, with `appid` or without.
    pub(in crate::entra) fn federation_metadata(
        &self,
        tenant: &str,
        request: &Request,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let tenants = self.tenants();
        let address = begin::address(&tenants, tenant);
        let address = address.and_then(|address| is_registered(address, request).map(|()| address));
        let address = match address {
            Ok(address) => address,
            Err(refusal) => return self.show_refusal(refusal, now),
        };
        let (entity_id, segment) = match address {
            Address::Tenanted(tenant) => (issuer(tenant), tenant.id().to_string()),
            // As Entra writes it: the tenant is that of the assertion.
            Address::Common => (
                "https://sts.windows.net/{tenant}/".to_owned(),
                "common".to_owned(),
            ),
        };
        let signer = self.provider.signer().ok_or(PageError::NoKey)?;
        let id = format!("_{}", random::guid());
        let endpoint = format!("{}/{segment}/saml2", self.base_url());
        let document = document(&id, &entity_id, &endpoint, signer)?;
        let media_type = "application/samlmetadata+xml; charset=utf-8";
        Ok(response::typed(StatusCode::OK, media_type, document))
    }
}

/// Whether there is the application that is asked about.
fn is_registered(address: Address<'_>, request: &Request) -> Result<(), Refusal> {
    let refuse = |detail: String| Err(SamlApplicationCode::NoApplication.refuse(detail));
    let query = match request.query() {
        Ok(query) => query,
        Err(error) => return refuse(format!("{error}.")),
    };
    let app_id = match query.single("appid") {
        Ok(None) => return Ok(()),
        Ok(Some(app_id)) => app_id,
        Err(error) => return refuse(format!("{error}.")),
    };
    let is_there = match (address, ObjectId::parse(app_id)) {
        (Address::Tenanted(tenant), Ok(app_id)) => tenant.application(&app_id).is_some(),
        _ => false,
    };
    if is_there {
        return Ok(());
    }
    let app_id: String = app_id.chars().take(100).collect();
    refuse(format!(
        "The appid is {app_id:?}; this address knows none of it."
    ))
}

/// The document, signed by the key that it tells.
pub(super) fn document(
    id: &str,
    entity_id: &str,
    endpoint: &str,
    signer: &Signer,
) -> Result<String, WriteError> {
    let mut writer = CanonicalWriter::new();
    let head = [(Name::plain("entityID"), entity_id)];
    writer.open_signed(md("EntityDescriptor"), "ID", id, &head);
    writer.signature_here();
    let protocol = [(Name::plain("protocolSupportEnumeration"), SAMLP)];
    writer.open(md("IDPSSODescriptor"), &protocol);
    writer.open(md("KeyDescriptor"), &[(Name::plain("use"), "signing")]);
    writer.open(ds("KeyInfo"), &[]);
    writer.open(ds("X509Data"), &[]);
    let certificate = signer.certificate().base64();
    writer.leaf(ds("X509Certificate"), &[], certificate);
    writer.close();
    writer.close();
    writer.close();
    for (service, binding) in [
        ("SingleLogoutService", REDIRECT),
        ("SingleSignOnService", REDIRECT),
        ("SingleSignOnService", POST),
    ] {
        let at = [
            (Name::plain("Binding"), binding),
            (Name::plain("Location"), endpoint),
        ];
        writer.leaf(md(service), &at, "");
    }
    writer.close();
    writer.close_signed(signer);
    writer.finish()
}
