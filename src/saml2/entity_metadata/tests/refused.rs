//! What is malformed, and what was changed.

use super::*;
use crate::xml::ReadCause;

#[test]
#[allow(clippy::too_many_lines)] // a table
fn malformed_metadata_is_refused() {
    let document = document();
    let second = |element: &str, close: &str| {
        let at = document.find(element).unwrap();
        let length = document[at..].find(close).unwrap() + close.len();
        document[at..at + length].repeat(2)
    };
    let role = second("<SPSSODescriptor", "</SPSSODescriptor>");
    let one_role = role[..role.len() / 2].to_owned();
    let certificate = second("<ds:X509Certificate>", "</ds:X509Certificate>");
    let one_certificate = certificate[..certificate.len() / 2].to_owned();
    let service = second("<AssertionConsumerService", "/>");
    let one_service = service[..service.len() / 2].to_owned();
    let malformed = Error::Malformed;
    for (from, to, expected) in [
        ("EntityDescriptor", "Descriptor", Error::NotMetadata),
        (METADATA, "urn:another", Error::NotMetadata),
        (SP, "https://sp.test/other", Error::NoEntity(SP.into())),
        (
            PROTOCOL,
            "urn:oasis:names:tc:SAML:1.1:protocol",
            Error::NotServiceProvider,
        ),
        (
            "SPSSODescriptor",
            "IDPSSODescriptor",
            Error::NotServiceProvider,
        ),
        (&one_role, &role, malformed("SPSSODescriptor")),
        (&one_service, "", Error::NoConsumer),
        (
            &one_service,
            &service,
            malformed("AssertionConsumerService"),
        ),
        (BINDING_POST, BINDING_REDIRECT, Error::NoConsumer),
        (
            "index='0'",
            "index='-1'",
            malformed("AssertionConsumerService"),
        ),
        (
            "index='0'",
            "index='65536'",
            malformed("AssertionConsumerService"),
        ),
        ("index='0'", "", malformed("AssertionConsumerService")),
        (
            "index='0'",
            "index='0' isDefault='yes'",
            malformed("isDefault"),
        ),
        (
            "Location='https://sp.test/acs'",
            "Location=' '",
            malformed("AssertionConsumerService"),
        ),
        (
            "Location='https://sp.test/acs'",
            "",
            malformed("AssertionConsumerService"),
        ),
        ("use='signing'", "use='sign'", malformed("KeyDescriptor")),
        ("use='signing'", "use=''", malformed("KeyDescriptor")),
        (&one_certificate, &certificate, malformed("X509Certificate")),
        (">MII", ">", malformed("X509Certificate")),
        (
            "<ds:X509Certificate>",
            "<ds:X509Certificate><x/>",
            malformed("X509Certificate"),
        ),
        ("ds:KeyInfo", "ds:Info", malformed("KeyInfo")),
        ("ID='_e'", "validUntil='tomorrow'", malformed("validUntil")),
        ("ID='_e'", "cacheDuration='1h'", malformed("cacheDuration")),
        (
            "ID='_e'",
            "cacheDuration='-PT1H'",
            malformed("cacheDuration"),
        ),
        (
            "<SPSSODescriptor ",
            "<SPSSODescriptor AuthnRequestsSigned='maybe' ",
            malformed("AuthnRequestsSigned"),
        ),
    ] {
        assert!(document.contains(from), "{from}");
        assert_eq!(
            read(&document.replace(from, to), SP).unwrap_err(),
            expected,
            "{from} -> {to}"
        );
    }
    for (text, cause) in [
        (
            document.replace("<EntityDescriptor", "<!DOCTYPE x><EntityDescriptor"),
            ReadCause::Doctype,
        ),
        (
            document.replace("</EntityDescriptor>", ""),
            ReadCause::Incomplete,
        ),
        (" ".repeat(LARGEST_METADATA) + &document, ReadCause::TooLong),
        (
            format!("<a>{}</a>", "<b/>".repeat(70_000)),
            ReadCause::TooManyElements,
        ),
        (
            document.replace("sp.test/acs", "sp.test/&evil;"),
            ReadCause::Reference,
        ),
    ] {
        match read(&text, SP).unwrap_err() {
            Error::Xml(error) => assert_eq!(error.cause(), cause),
            other => panic!("{other}"),
        }
    }
}

/// One octet lost, doubled or put in place of another: refused, or without any effect.
#[test]
fn no_small_change_of_signed_metadata_has_an_effect() {
    let genuine = read(ENTRA, ENTRA_SP).unwrap();
    let trust = MetadataTrust::Signer {
        keys: vec![genuine.signing[0].public_key().clone()],
        permit_sha1: true,
    };
    let mut refused = 0;
    for at in (0..ENTRA.len()).step_by(13) {
        for change in 0..3 {
            let mut octets = ENTRA.as_bytes().to_vec();
            match change {
                0 => drop(octets.remove(at)),
                1 => octets.insert(at, octets[at]),
                _ => octets[at] = b"<\"' >&a"[at % 7],
            }
            match RelyingPartyMetadata::read(&octets, ENTRA_SP, &trust, now()) {
                Ok(read) => assert_eq!(read, genuine, "octet {at}, change {change}"),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

/// Without a signature there is nothing to hold on to but the form.
#[test]
fn no_text_makes_the_reader_fall() {
    for document in [SHIBBOLETH, SIMPLESAMLPHP] {
        for at in (0..document.len()).step_by(5) {
            let _ = read(&document[..at], SHIBBOLETH_SP);
            let _ = read(
                &[&document[..at], &document[at + 1..]].concat(),
                SHIBBOLETH_SP,
            );
        }
    }
}
