//! What metadata may say, by the configuration.

use time::OffsetDateTime;

use super::{world::*, *};
use crate::{
    saml2::{EntityMetadata as _, MetadataTrust, RelyingPartyMetadata},
    trust::{LogoutAddress, LogoutBinding, RelyingParty, RequestSignatures, SingleLogout},
    xml::{ContentEncryption, Encryption, KeyTransport},
};

const ACS: &str = "https://sp.test/acs";

fn applied(terms: &Terms, description: &Description<'_>) -> Result<RelyingParty, Disagreement> {
    applied_to(&configured(), terms, description)
}

fn applied_to(
    configured: &RelyingParty,
    terms: &Terms,
    description: &Description<'_>,
) -> Result<RelyingParty, Disagreement> {
    let document = description.unsigned();
    let now = OffsetDateTime::now_utc();
    let read =
        RelyingPartyMetadata::read(document.as_bytes(), SP, &MetadataTrust::Source, now).unwrap();
    terms.apply(configured, &read)
}

/// No key that goes missing ever switches verification off where it was asked for.
#[test]
fn requests_are_authenticated_as_the_configuration_and_then_the_metadata_says() {
    use SignatureTerms::{AsDescribed, NotVerified, Required, WhenPresent};
    let sp = signer("sp");
    let key = Some(sp.certificate());
    for (terms, signing, requests_signed, expected) in [
        (AsDescribed, None, false, Ok("not verified")),
        (AsDescribed, key, false, Ok("when present")),
        (AsDescribed, key, true, Ok("required")),
        (AsDescribed, None, true, Err(Disagreement::NoSigningKey)),
        (NotVerified, key, true, Ok("not verified")),
        (NotVerified, None, true, Ok("not verified")),
        (WhenPresent, key, true, Ok("when present")),
        (WhenPresent, None, false, Err(Disagreement::NoSigningKey)),
        (Required, key, false, Ok("required")),
        (Required, None, false, Err(Disagreement::NoSigningKey)),
    ] {
        let description = Description {
            signing,
            requests_signed,
            ..Description::at(ACS)
        };
        for permit_sha1_requests in [false, true] {
            let terms = Terms {
                request_signatures: terms,
                permit_sha1_requests,
                ..Terms::default()
            };
            let signatures = applied(&terms, &description).map(|party| party.request_signatures);
            let said = signatures.map(|signatures| match signatures {
                RequestSignatures::NotVerified => "not verified",
                RequestSignatures::WhenPresent(keys) => {
                    assert_eq!(keys.permit_sha1(), permit_sha1_requests);
                    "when present"
                }
                RequestSignatures::Required(keys) => {
                    assert_eq!(keys.permit_sha1(), permit_sha1_requests);
                    "required"
                }
            });
            assert_eq!(said, expected, "{terms:?}");
        }
    }
}

/// By HTTP-Redirect if it can be, and never to where no page could send anybody.
#[test]
fn sign_outs_go_where_the_configuration_and_then_the_metadata_says() {
    use crate::saml2::{BINDING_POST as POST, BINDING_REDIRECT as REDIRECT};
    const SOAP: &str = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP";
    let service = |logout| {
        let description = Description {
            logout,
            ..Description::at(ACS)
        };
        let party = applied(&Terms::default(), &description).unwrap();
        let SingleLogout {
            told_at,
            answered_at,
            ..
        } = party.single_logout;
        assert_eq!(told_at, answered_at);
        told_at.map(|at| (at.binding, at.url))
    };
    let at = |binding, address: &str| Some((binding, address.to_owned()));
    for (logout, expected) in [
        (&[][..], None),
        (&[(SOAP, "https://sp.test/a")], None),
        (
            &[(POST, "https://sp.test/a"), (REDIRECT, "https://sp.test/b")],
            at(LogoutBinding::Redirect, "https://sp.test/b"),
        ),
        (
            &[(REDIRECT, "http://sp.test/a"), (POST, "https://sp.test/b")],
            at(LogoutBinding::Post, "https://sp.test/b"),
        ),
        (&[(REDIRECT, "javascript:alert(1)")], None),
    ] {
        assert_eq!(service(logout), expected, "{logout:?}");
    }
    let mut said = configured();
    let own = SingleLogout {
        answered_at: Some(LogoutAddress {
            url: "https://sp.test/own".into(),
            binding: LogoutBinding::Post,
        }),
        ..SingleLogout::default()
    };
    said.single_logout = own.clone();
    let description = Description {
        logout: &[(REDIRECT, "https://sp.test/b")],
        ..Description::at(ACS)
    };
    let party = applied_to(&said, &Terms::default(), &description).unwrap();
    assert_eq!(party.single_logout, own);
}

#[test]
fn assertions_are_encrypted_where_there_is_a_key_unless_it_is_forbidden() {
    use ContentEncryption::{Aes128Gcm, Aes256Gcm};
    use EncryptionTerms::{Never, Required, WhenOffered};
    const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
    const GCM_128: &str = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
    let sp = signer("sp");
    let key = Some(sp.certificate());
    let no_key = Err(Disagreement::NoEncryptionKey);
    let cbc_only = Err(Disagreement::Algorithms(crate::saml2::NoCommonAlgorithm));
    for (terms, content, encryption, method, expected) in [
        (WhenOffered, None, None, None, Ok(None)),
        (WhenOffered, None, key, None, Ok(Some(Aes256Gcm))),
        (WhenOffered, None, key, Some(GCM_128), Ok(Some(Aes128Gcm))),
        (WhenOffered, Some(Aes128Gcm), key, None, Ok(Some(Aes128Gcm))),
        (WhenOffered, None, key, Some(CBC), cbc_only.clone()),
        (Required, None, key, None, Ok(Some(Aes256Gcm))),
        (Required, None, None, None, no_key),
        (Required, None, key, Some(CBC), cbc_only),
        (Never, None, key, None, Ok(None)),
        (Never, None, key, Some(CBC), Ok(None)),
    ] {
        let terms = Terms {
            encryption: terms,
            content,
            ..Terms::default()
        };
        let description = Description {
            encryption,
            encryption_method: method,
            ..Description::at(ACS)
        };
        let encryption = applied(&terms, &description).map(|party| party.encryption);
        let content = encryption.map(|found| found.as_ref().map(Encryption::content));
        assert_eq!(content, expected, "{terms:?} {method:?}");
    }
}

#[test]
fn a_certificate_of_the_configuration_goes_before_those_of_the_metadata() {
    let (pinned, described) = (signer("pinned"), signer("described"));
    let mut party = configured();
    let (content, transport) = (ContentEncryption::Aes128Gcm, KeyTransport::default());
    let encryption = Encryption::new(SP, pinned.certificate(), content, transport).unwrap();
    party.encryption = Some(encryption);
    let description = Description {
        encryption: Some(described.certificate()),
        ..Description::at(ACS)
    };
    let party = applied_to(&party, &Terms::default(), &description).unwrap();
    assert_eq!(party.encryption.unwrap().content(), content);
}

#[test]
fn answers_go_to_https_and_nowhere_else() {
    let description = Description {
        consumers: vec![
            "http://sp.test/acs",
            "https://sp.test/one",
            "javascript:alert(1)",
            "//sp.test/acs",
            "https://who@sp.test/acs",
            "https://sp'.test/acs",
            "https://[::1]:8443/two",
            "HTTPS",
        ],
        ..Description::at(ACS)
    };
    let party = applied(&Terms::default(), &description).unwrap();
    let kept: Vec<_> = party
        .consumers()
        .iter()
        .map(|consumer| &*consumer.url)
        .collect();
    assert_eq!(kept, ["https://sp.test/one", "https://[::1]:8443/two"]);
    assert_eq!(
        applied(&Terms::default(), &Description::at("http://sp.test/acs")).unwrap_err(),
        Disagreement::NoAddress
    );
}
