use std::time::Duration;

use super::*;
use crate::{
    keys::{Signer, create_signing_key},
    saml2::names::{md, plain},
    xml::{CanonicalWriter, ContentEncryption, Fault, KeyTransport, Name, ReadCause},
};

const SHIBBOLETH: &str = include_str!("fixtures/shibboleth.xml");
const SIMPLESAMLPHP: &str = include_str!("fixtures/simplesamlphp.xml");
const ENTRA: &str = include_str!("fixtures/entra.xml");

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

#[test]
fn a_shibboleth_service_provider() {
    let read = read(SHIBBOLETH, SHIBBOLETH_SP).unwrap();
    let base = "https://sp.example.org/Shibboleth.sso";
    assert_eq!(read.consumers, [consumer(1, &format!("{base}/SAML2/POST"))]);
    assert_eq!(read.signing.len(), 1);
    let [key] = read.encryption.as_slice() else {
        panic!("{} keys", read.encryption.len());
    };
    assert_ne!(key.certificate(), &read.signing[0]);
    assert_eq!(
        key.methods(),
        Ok((ContentEncryption::Aes256Gcm, KeyTransport::RsaOaepSha256))
    );
    let bindings: Vec<_> = read.logout.iter().map(|service| service.binding).collect();
    assert_eq!(bindings, [LogoutBinding::Redirect, LogoutBinding::Post]);
    assert_eq!(read.logout[0].address, format!("{base}/SLO/Redirect"));
    assert!(!read.authn_requests_signed);
    assert_eq!(read.validity, Validity::default());
}

#[test]
fn a_simplesamlphp_service_provider() {
    let base = "https://sp.example.org/simplesaml/module.php/saml/sp";
    let read = read(SIMPLESAMLPHP, &format!("{base}/metadata/default-sp")).unwrap();
    let address = format!("{base}/assertionConsumerService/default-sp");
    assert_eq!(read.consumers, [consumer(0, &address)]);
    assert!(read.authn_requests_signed && read.want_assertions_signed);
    assert_eq!(read.signing.len(), 1);
    assert_eq!(
        read.encryption[0].methods(),
        Ok((ContentEncryption::Aes256Gcm, KeyTransport::RsaOaepMgf1p))
    );
    assert_eq!(
        read.name_id_formats,
        ["urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"]
    );
}

/// Signed with rsa-sha1, as Entra's is: that must be said.
#[test]
fn entra_as_a_service_provider() {
    let signer = read(ENTRA, ENTRA_SP).unwrap().signing[0].clone();
    let trust = |permit_sha1| MetadataTrust::Signer {
        keys: vec![signer.public_key().clone()],
        permit_sha1,
    };
    let read = |document: &str, trust: &MetadataTrust| {
        RelyingPartyMetadata::read(document.as_bytes(), ENTRA_SP, trust, now())
    };
    let entra = read(ENTRA, &trust(true)).unwrap();
    let login = "https://login.microsoftonline.com/login.srf";
    assert_eq!(entra.consumers, [consumer(0, login)]);
    assert_eq!(entra.signing.len(), 3, "one is listed twice");
    assert!(entra.encryption.is_empty());
    assert_eq!(entra.logout[0].binding, LogoutBinding::Post);
    assert_eq!(entra.name_id_formats.len(), 5);

    assert_eq!(
        read(ENTRA, &trust(false)).unwrap_err(),
        Error::Signature(SignatureError::SignatureAlgorithm)
    );
    let moved = ENTRA.replace(login, "https://login.microsoftonline.test/login.srf");
    assert_eq!(
        read(&moved, &trust(true)).unwrap_err(),
        Error::Signature(SignatureError::Altered)
    );
}

/// A service provider's metadata, whose parts can be replaced.
fn document() -> String {
    let signer = create_signing_key("sp", 1).unwrap().signer;
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

#[test]
fn the_default_address_is_the_first_one() {
    let service = |index: u16, default: &str, binding: &str| {
        format!(
            "<AssertionConsumerService index='{index}' {default} Binding='{binding}' \
             Location='{ACS}/{index}'/>"
        )
    };
    let document = document();
    let at = document.find("<AssertionConsumerService").unwrap();
    let (head, rest) = document.split_at(at);
    let (_, tail) = rest.split_once("/>").unwrap();
    let order = |services: &[(&str, &str)]| {
        let services: String = services
            .iter()
            .zip(0..)
            .map(|((default, binding), index)| service(index, default, binding))
            .collect();
        let read = read(&format!("{head}{services}{tail}"), SP).unwrap();
        let consumers = read.consumers.iter();
        consumers.map(|consumer| consumer.index).collect::<Vec<_>>()
    };
    let post = BINDING_POST;
    assert_eq!(order(&[("", post), ("", post)]), [0, 1]);
    assert_eq!(
        order(&[
            ("", post),
            ("isDefault='1'", post),
            ("isDefault='true'", post)
        ]),
        [1, 0, 2]
    );
    assert_eq!(
        order(&[
            ("isDefault='false'", post),
            ("", post),
            ("isDefault='0'", post)
        ]),
        [1, 0, 2]
    );
    assert_eq!(
        order(&[("isDefault='0'", post), ("isDefault='0'", post)]),
        [0, 1]
    );
    assert_eq!(
        order(&[
            ("isDefault='1'", "urn:another"),
            ("", "urn:artifact"),
            ("", post)
        ]),
        [2]
    );
}

#[test]
fn a_key_without_use_is_for_everything() {
    let both = document()
        .replace(" use='signing'", "")
        .replace(" use='encryption'", "");
    let read = read(&both, SP).unwrap();
    assert_eq!((read.signing.len(), read.encryption.len()), (2, 2));
}

#[test]
fn keys_of_other_kinds_are_passed_over_and_counted() {
    let named = document().replacen(
        "<ds:X509Data>",
        "<ds:KeyName>one</ds:KeyName><ds:X509Data>",
        1,
    );
    assert_eq!(read(&named, SP).unwrap().unusable_keys, 0);
    let document = document();
    let (start, rest) = document.split_once("<ds:X509Data>").unwrap();
    let (_, end) = rest.split_once("</ds:X509Data>").unwrap();
    let elliptic = crate::http::tls::LocalCa::new().unwrap();
    let elliptic: String = elliptic
        .ca_pem()
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    for other in [
        "<ds:KeyName>one</ds:KeyName>".to_owned(),
        "<ds:X509Data><ds:X509SubjectName>CN=one</ds:X509SubjectName></ds:X509Data>".to_owned(),
        format!("<ds:X509Data><ds:X509Certificate>{elliptic}</ds:X509Certificate></ds:X509Data>"),
    ] {
        let read = read(&format!("{start}{other}{end}"), SP).unwrap();
        assert_eq!(read.unusable_keys, 1, "{other}");
        assert_eq!((read.signing.len(), read.encryption.len()), (0, 1));
    }
}

#[test]
fn what_is_safe_is_chosen_among_what_the_key_s_owner_knows() {
    use ContentEncryption::{Aes128Gcm, Aes256Gcm};
    use KeyTransport::{RsaOaepMgf1p, RsaOaepSha256};
    let digest = |uri: &str| format!("><ds:DigestMethod Algorithm='{uri}'/></EncryptionMethod>");
    let method = |uri: &str| format!("<EncryptionMethod Algorithm='http://www.w3.org/{uri}'");
    let bare = |uri: &str| method(uri) + "/>";
    let oaep = |uri: &str| method("2009/xmlenc11#rsa-oaep") + &digest(uri);
    let mgf1p = |uri: &str| method("2001/04/xmlenc#rsa-oaep-mgf1p") + &digest(uri);
    let sha1 = "http://www.w3.org/2000/09/xmldsig#sha1";
    let sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    let mask = "<x:MGF xmlns:x='http://www.w3.org/2009/xmlenc11#' Algorithm='http://www.w3.org/2009/xmlenc11#mgf1sha1'/></E";
    let document = document();
    for (methods, expected) in [
        (String::new(), Ok((Aes256Gcm, RsaOaepMgf1p))),
        (
            bare("2009/xmlenc11#aes128-gcm"),
            Ok((Aes128Gcm, RsaOaepMgf1p)),
        ),
        (
            bare("2009/xmlenc11#aes128-gcm") + &bare("2009/xmlenc11#aes256-gcm"),
            Ok((Aes256Gcm, RsaOaepMgf1p)),
        ),
        (
            bare("2009/xmlenc11#rsa-oaep"),
            Ok((Aes256Gcm, RsaOaepSha256)),
        ),
        (oaep(sha256), Ok((Aes256Gcm, RsaOaepSha256))),
        (oaep(sha1), Err(NoCommonAlgorithm)),
        (oaep(sha256).replace("</E", mask), Err(NoCommonAlgorithm)),
        (
            oaep(sha256).replace("</E", &mask.replace("mgf1sha1", "mgf1sha256")),
            Ok((Aes256Gcm, RsaOaepSha256)),
        ),
        (oaep(sha1) + &mgf1p(sha1), Ok((Aes256Gcm, RsaOaepMgf1p))),
        (mgf1p(sha256), Err(NoCommonAlgorithm)),
        (
            bare("2001/04/xmlenc#rsa-oaep-mgf1p"),
            Ok((Aes256Gcm, RsaOaepMgf1p)),
        ),
        (bare("2001/04/xmlenc#rsa-1_5"), Err(NoCommonAlgorithm)),
        (bare("2001/04/xmlenc#aes256-cbc"), Err(NoCommonAlgorithm)),
        (
            bare("2001/04/xmlenc#aes256-cbc") + &bare("2001/04/xmlenc#rsa-oaep-mgf1p"),
            Err(NoCommonAlgorithm),
        ),
        (
            bare("2001/04/xmlenc#kw-aes256"),
            Ok((Aes256Gcm, RsaOaepMgf1p)),
        ),
    ] {
        let (start, end) = document.rsplit_once("</KeyDescriptor>").unwrap();
        let read = read(&format!("{start}{methods}</KeyDescriptor>{end}"), SP).unwrap();
        assert_eq!(read.encryption[0].methods(), expected, "{methods}");
    }
}

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

#[test]
fn it_is_valid_for_the_shortest_time_that_anybody_around_it_says() {
    let stated = |group: &str, entity: &str, role: &str| {
        let document = document()
            .replace("ID='_e'", entity)
            .replace("<SPSSODescriptor", &format!("<SPSSODescriptor {role}"));
        read(
            &format!(
                "<g:EntitiesDescriptor xmlns:g='{METADATA}' {group}><g:EntitiesDescriptor>{document}</g:EntitiesDescriptor></g:EntitiesDescriptor>"
            ),
            SP,
        )
    };
    let until = |seconds: i64| now() + time::Duration::seconds(seconds);
    let written = |seconds: i64| {
        format!(
            "validUntil='{}'",
            crate::saml2::format_timestamp(until(seconds))
        )
    };
    let validity = stated(
        &(written(60) + " cacheDuration='PT2H'"),
        &(written(30) + " cacheDuration='PT3H'"),
        &(written(90) + " cacheDuration='PT1H'"),
    );
    assert_eq!(
        validity.unwrap().validity,
        Validity {
            until: Some(until(30)),
            cache: Some(Duration::from_secs(3600)),
        }
    );
    for at in 0..3 {
        let mut parts = [written(9), written(9), written(9)];
        parts[at] = written(0);
        let error = stated(&parts[0], &parts[1], &parts[2]).unwrap_err();
        assert_eq!(error, Error::Expired(now()), "{at}");
        assert!(
            error
                .to_string()
                .ends_with("until 2026-11-18T11:06:40.000Z"),
            "{error}"
        );
    }
}

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
