//! Metadata of real products by its published shape, and metadata that is broken part by part.

mod identity_provider;
mod keys;
mod products;
mod refused;
mod roles;
mod signed;

use super::*;
use crate::{
    saml2::names::{BINDING_POST, BINDING_REDIRECT, DSIG},
    trust::{AssertionConsumerService, LogoutBinding},
};

const SHIBBOLETH: &str = include_str!("../fixtures/shibboleth.xml");
const SIMPLESAMLPHP: &str = include_str!("../fixtures/simplesamlphp.xml");
const ENTRA: &str = include_str!("../fixtures/entra.xml");

const SHIBBOLETH_SP: &str = "https://sp.example.org/shibboleth";
const ENTRA_SP: &str = "urn:federation:MicrosoftOnline";
const SP: &str = "https://sp.test/metadata";
const ACS: &str = "https://sp.test/acs";

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap()
}

fn read(document: &str, entity_id: &str) -> Result<RelyingPartyMetadata, Error> {
    RelyingPartyMetadata::read(
        document.as_bytes(),
        entity_id,
        &MetadataTrust::Source,
        now(),
    )
}

fn consumer(index: u16, url: &str) -> AssertionConsumerService {
    AssertionConsumerService {
        index,
        url: url.to_owned(),
    }
}

/// A service provider's metadata, whose parts can be replaced.
fn document() -> String {
    let signer = crate::keys::create_signing_key("sp", 1).unwrap().signer;
    let key = |usage: &str| {
        format!(
            "<KeyDescriptor{usage}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}\
             </ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>",
            signer.certificate().base64()
        )
    };
    format!(
        "<EntityDescriptor xmlns='{METADATA}' xmlns:ds='http://www.w3.org/2000/09/xmldsig#' \
         ID='_e' entityID='{SP}'><SPSSODescriptor protocolSupportEnumeration='{PROTOCOL}'>{}{}\
         <AssertionConsumerService index='0' Binding='{BINDING_POST}' Location='{ACS}'/>\
         </SPSSODescriptor></EntityDescriptor>",
        key(" use='signing'"),
        key(" use='encryption'"),
    )
}
