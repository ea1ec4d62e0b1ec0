//! Whose signature covers what is read.

use super::*;
use crate::{
    keys::{Signer, create_signing_key},
    saml2::names::{md, plain},
    xml::{CanonicalWriter, Fault, Name},
};

/// A group with one entity or more, each signed or not.
fn group(group: Option<&Signer>, entities: &[(&str, &str, Option<&Signer>)]) -> String {
    let mut w = CanonicalWriter::new();
    // Of a prefix of its own, so that what is in it may be signed, too.
    let name = Name::new("g", METADATA, "EntitiesDescriptor");
    open(&mut w, group, name, "_group", &[]);
    for (id, entity_id, signer) in entities {
        let name = (plain("entityID"), *entity_id);
        open(&mut w, *signer, md("EntityDescriptor"), id, &[name]);
        let protocols = (plain("protocolSupportEnumeration"), PROTOCOL);
        w.open(md("SPSSODescriptor"), &[protocols]);
        w.leaf(
            md("AssertionConsumerService"),
            &[
                (plain("Binding"), BINDING_POST),
                (plain("Location"), &format!("{ACS}/{id}")),
                (plain("index"), "0"),
            ],
            "",
        );
        w.close();
        close(&mut w, *signer);
    }
    close(&mut w, group);
    w.finish().unwrap()
}

fn open(
    w: &mut CanonicalWriter,
    signer: Option<&Signer>,
    name: Name,
    id: &str,
    attributes: &[(Name, &str)],
) {
    if signer.is_some() {
        w.open_signed(name, "ID", id, attributes);
        w.signature_here();
    } else {
        let all: Vec<_> = attributes
            .iter()
            .copied()
            .chain([(plain("ID"), id)])
            .collect();
        w.open(name, &all);
    }
}

fn close(w: &mut CanonicalWriter, signer: Option<&Signer>) {
    match signer {
        Some(signer) => w.close_signed(signer),
        None => w.close(),
    }
}

#[test]
fn whoever_is_trusted_must_have_signed_what_is_read() {
    let trusted = create_signing_key("trusted", 1).unwrap().signer;
    let next = create_signing_key("next", 1).unwrap().signer;
    let other = create_signing_key("other", 1).unwrap().signer;
    let trust = MetadataTrust::Signer {
        keys: [&next, &trusted]
            .map(|signer| signer.certificate().public_key().clone())
            .into(),
        permit_sha1: false,
    };
    let read = |document: &str| {
        RelyingPartyMetadata::read(document.as_bytes(), SP, &trust, now())
            .map(|metadata| metadata.consumers[0].url.clone())
    };
    let (by, none) = (Some(&trusted), None);
    let address = |id: &str| Ok(format!("{ACS}/{id}"));
    let stranger = ("_other", "https://other.test", none);
    for good in [
        group(by, &[("_e", SP, none), stranger]),
        group(Some(&next), &[("_e", SP, none)]),
        group(none, &[("_e", SP, by), stranger]),
        group(Some(&other), &[stranger, ("_e", SP, by)]),
        group(by, &[("_e", SP, Some(&other))]),
    ] {
        assert_eq!(read(&good), address("_e"), "{good}");
    }
    let no_key = Err(Error::Signature(SignatureError::NoKeyFits));
    let unsigned = Err(Error::Signature(SignatureError::Missing));
    // What stands around it and was not signed says nothing, not even that it has ended.
    let around = group(none, &[("_e", SP, by)]);
    let ended = around.replace("ID=\"_group\"", "validUntil=\"2001-01-01T00:00:00Z\"");
    assert_ne!(around, ended);
    assert_eq!(read(&ended), address("_e"));
    assert_eq!(read(&group(none, &[("_e", SP, none)])), unsigned);
    assert_eq!(read(&group(Some(&other), &[("_e", SP, none)])), no_key);
    assert_eq!(
        read(&group(Some(&other), &[("_e", SP, Some(&other))])),
        no_key
    );
    // The trusted signature is that of a neighbour.
    let neighbour = group(
        none,
        &[("_e", SP, none), ("_other", "https://other.test", by)],
    );
    assert_eq!(read(&neighbour), unsigned);
    assert_eq!(
        read(&group(none, &[("_e", SP, by), ("_f", SP, none)])),
        Err(Error::RepeatedEntity(SP.into()))
    );
    // And what was changed after it was signed.
    let signed = group(by, &[("_e", SP, none)]);
    for (from, to) in [("/acs/_e", "/evil"), ("index=\"0\"", "index=\"1\"")] {
        assert!(signed.contains(from));
        let error = read(&signed.replace(from, to)).unwrap_err();
        assert_eq!(error, Error::Signature(SignatureError::Altered));
    }
    assert_eq!(SignatureError::Altered.fault(), Fault::Message);
}

#[test]
fn comments_do_not_break_a_signature() {
    let signer = create_signing_key("trusted", 1).unwrap().signer;
    let trust = MetadataTrust::Signer {
        keys: vec![signer.certificate().public_key().clone()],
        permit_sha1: false,
    };
    let document = group(Some(&signer), &[("_e", SP, None)]);
    let commented = document.replace("<md:SPSSO", "<!-- the portal --><md:SPSSO");
    assert_ne!(commented, document);
    let read = RelyingPartyMetadata::read(commented.as_bytes(), SP, &trust, now());
    assert!(read.is_ok(), "{read:?}");
}
