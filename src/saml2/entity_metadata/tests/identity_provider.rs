//! What identity providers say of themselves.

use super::*;
use crate::{
    keys::{Certificate, KeyRing, create_signing_key},
    saml2::{Endpoints, identity_provider_metadata},
    trust::NameIdFormat,
};

const IDP: &str = "http://adfs.test/adfs/services/trust";
const SSO: &str = "https://adfs.test/adfs/ls/";

fn read(document: &str) -> Result<IdentityProviderMetadata, Error> {
    IdentityProviderMetadata::read(document.as_bytes(), IDP, &MetadataTrust::Source, now())
}

/// By its shape AD FS's: both roles of SAML and one of WS-Federation, each with its keys.
fn document() -> String {
    let key = |usage: &str| {
        let signer = create_signing_key(usage, 1).unwrap().signer;
        format!(
            "<KeyDescriptor use=\"{usage}\"><KeyInfo xmlns=\"{DSIG}\"><X509Data><X509Certificate>{}\
             </X509Certificate></X509Data></KeyInfo></KeyDescriptor>",
            signer.certificate().base64()
        )
    };
    let (signing, encryption) = (key("signing"), key("encryption"));
    format!(
        "<EntityDescriptor ID=\"_e\" entityID=\"{IDP}\" xmlns=\"{METADATA}\"><RoleDescriptor \
         protocolSupportEnumeration=\"http://docs.oasis-open.org/wsfed/federation/200706\">{signing}\
         </RoleDescriptor><SPSSODescriptor WantAssertionsSigned=\"true\" \
         protocolSupportEnumeration=\"{PROTOCOL}\">{encryption}<AssertionConsumerService \
         Binding=\"{BINDING_POST}\" Location=\"{SSO}\" index=\"0\" isDefault=\"true\"/>\
         </SPSSODescriptor><IDPSSODescriptor protocolSupportEnumeration=\"{PROTOCOL}\">{encryption}\
         {signing}<SingleLogoutService Binding=\"{BINDING_REDIRECT}\" Location=\"{SSO}\"/>\
         <NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</NameIDFormat>\
         <SingleSignOnService Binding=\"{BINDING_POST}\" Location=\"{SSO}post\"/>\
         <SingleSignOnService Binding=\"{BINDING_REDIRECT}\" Location=\" {SSO} \"/>\
         </IDPSSODescriptor></EntityDescriptor>"
    )
}

#[test]
fn an_identity_provider_is_read_and_its_other_roles_are_not() {
    let read = read(&document()).unwrap();
    assert_eq!(read.entity_id, IDP);
    assert_eq!(read.single_sign_on, SSO);
    let subjects: Vec<_> = read.signing.iter().map(Certificate::subject).collect();
    assert_eq!(subjects, ["CN=signing"]);
    assert_eq!(read.unusable_keys, 0);
    let formats = ["urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"];
    assert_eq!(read.name_id_formats, formats);
    assert!(!read.want_authn_requests_signed);
}

/// Ours, by its own writer, with the certificate that signs next.
#[test]
fn ours_is_read() {
    let [signer, next] = ["now", "next"].map(|name| create_signing_key(name, 1).unwrap().signer);
    let key = signer.certificate().public_key().clone();
    let ring = KeyRing::new(signer, Some(next.certificate().clone()));
    let endpoints = Endpoints {
        entity_id: IDP,
        single_sign_on: "https://idp.test/saml2/sso",
        single_logout: "https://idp.test/saml2/slo",
        name_id_formats: &[NameIdFormat::Persistent],
    };
    let written = identity_provider_metadata(&endpoints, &ring).unwrap();
    let trust = MetadataTrust::Signer {
        keys: vec![key],
        permit_sha1: false,
    };
    let read =
        |document: &str| IdentityProviderMetadata::read(document.as_bytes(), IDP, &trust, now());
    let ours = read(&written).unwrap();
    assert_eq!(ours.single_sign_on, "https://idp.test/saml2/sso");
    assert_eq!(ours.signing.len(), 2);
    assert_eq!(ours.validity.cache.unwrap().as_secs(), 86_400);
    let moved = written.replace("/saml2/sso", "/saml2/evil");
    assert_eq!(
        read(&moved).unwrap_err(),
        Error::Signature(SignatureError::Altered)
    );
}

#[test]
fn what_is_no_identity_provider_is_refused() {
    let whole = document();
    for (old, new, problem) in [
        (
            "IDPSSODescriptor",
            "PDPDescriptor",
            Error::NotIdentityProvider,
        ),
        (BINDING_REDIRECT, BINDING_POST, Error::NoSingleSignOn),
        (
            &format!(" {SSO} "),
            " ",
            Error::Malformed("SingleSignOnService"),
        ),
        (IDP, "http://other.test", Error::NoEntity(IDP.to_owned())),
    ] {
        assert!(whole.contains(old), "{old}");
        assert_eq!(
            read(&whole.replace(old, new)).unwrap_err(),
            problem,
            "{old}"
        );
    }
    let role = whole.find("<IDPSSO").unwrap();
    let end = whole.find("</EntityDescriptor>").unwrap();
    let twice = format!("{}{}{}", &whole[..end], &whole[role..end], &whole[end..]);
    assert_eq!(
        read(&twice).unwrap_err(),
        Error::Malformed("IDPSSODescriptor")
    );
    let expired = whole.replace(" ID=\"_e\"", " validUntil=\"2020-01-01T00:00:00Z\"");
    assert!(matches!(read(&expired), Err(Error::Expired(_))));
}
