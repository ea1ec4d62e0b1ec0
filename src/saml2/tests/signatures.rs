//! Signatures of requests, where they are demanded.

use super::*;

/// A request signed as a relying party would.
fn signed(signer: &Signer, id: &str) -> String {
    let mut writer = CanonicalWriter::new();
    let attributes = [
        (names::plain("IssueInstant"), "2026-11-23T12:00:00.000Z"),
        (names::plain("Version"), "2.0"),
    ];
    writer.open_signed(samlp("AuthnRequest"), "ID", id, &attributes);
    writer.leaf(names::saml("Issuer"), &[], "https://sp.test");
    writer.signature_here();
    writer.close_signed(signer);
    writer.finish().unwrap()
}

#[test]
fn a_required_signature_is_required_and_checked() {
    let ours = create_signing_key("sp", 1).unwrap().signer;
    let other = create_signing_key("other", 1).unwrap().signer;
    let keys = |signer: &Signer| {
        RequestKeys::new(vec![signer.certificate().public_key().clone()], false).unwrap()
    };
    let authenticate = |message: &str, signatures: RequestSignatures| {
        ReceivedRequest::from_post(&form(message))
            .unwrap()
            .authenticate(&signatures)
    };
    let good = signed(&ours, "_good");
    let required = || RequestSignatures::Required(keys(&ours));
    let when_present = || RequestSignatures::WhenPresent(keys(&ours));
    assert_eq!(authenticate(&good, required()).unwrap().id, "_good");
    assert_eq!(authenticate(&good, when_present()).unwrap().id, "_good");

    let unsigned = authenticate(ENTRA, required());
    assert!(matches!(unsigned, Err(RequestError::Unsigned)));
    assert!(authenticate(ENTRA, when_present()).is_ok());
    for refused in [signed(&other, "_good"), good.replace("_good", "_evil")] {
        for rule in [required(), when_present()] {
            let outcome = authenticate(&refused, rule);
            assert!(
                matches!(outcome, Err(RequestError::Signature(_))),
                "{outcome:?}"
            );
        }
    }
    // The signed request, whole, inside a forged one that names another address.
    let wrapped = format!(
        r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" AssertionConsumerServiceURL="https://evil.test/" ID="_evil" IssueInstant="2026-11-23T12:00:00.000Z" Version="2.0"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.test</saml:Issuer><samlp:Extensions>{good}</samlp:Extensions></samlp:AuthnRequest>"#
    );
    assert!(matches!(
        authenticate(&wrapped, required()),
        Err(RequestError::Unsigned)
    ));
}

#[test]
fn a_redirect_signature_is_over_the_octets_as_received() {
    let signer = create_signing_key("sp", 1).unwrap().signer;
    let keys = RequestKeys::new(vec![signer.certificate().public_key().clone()], false).unwrap();
    // As .NET writes it: lower-case hex, and %20 for a space.
    let mut signed_part = query(ENTRA).replace("%2B", "%2b").replace("%2F", "%2f");
    signed_part.push_str("&RelayState=a%20b&SigAlg=");
    signed_part.push_str("http%3a%2f%2fwww.w3.org%2f2001%2f04%2fxmldsig-more%23rsa-sha256");
    let signature = STANDARD.encode(signer.sign_rsa_sha256(signed_part.as_bytes()).unwrap());
    let signature: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
    let authenticate = |query: &str| {
        let received = redirected(query).map_err(|error| error.to_string())?;
        received
            .authenticate(&RequestSignatures::Required(keys.clone()))
            .map_err(|error| error.to_string())
    };
    let good = format!("{signed_part}&Signature={signature}");
    assert_eq!(authenticate(&good).unwrap().id, "_a1");
    assert!(authenticate(&signed_part).is_err(), "no Signature");
    assert!(
        authenticate(&good.replace("a%20b", "a+b")).is_err(),
        "other octets"
    );
    assert!(
        authenticate(&good.replace("a%20b", "a%20c")).is_err(),
        "another RelayState"
    );
    assert!(
        authenticate(&format!("{good}&RelayState=a%20b")).is_err(),
        "twice"
    );
    let sha1 = good.replace(
        "2001%2f04%2fxmldsig-more%23rsa-sha256",
        "2000%2f09%2fxmldsig%23rsa-sha1",
    );
    assert!(
        authenticate(&sha1).unwrap_err().contains("SigAlg"),
        "SHA-1 is not permitted"
    );
}

/// A name in percent-encoding is the same parameter to whoever decodes it, and other octets to
/// whoever checks the signature.
#[test]
fn nothing_can_stand_beside_a_redirect_signature() {
    let signer = create_signing_key("sp", 1).unwrap().signer;
    let keys = RequestKeys::new(vec![signer.certificate().public_key().clone()], false).unwrap();
    let sign = |signed_part: &str| {
        let signature = STANDARD.encode(signer.sign_rsa_sha256(signed_part.as_bytes()).unwrap());
        let signature: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
        format!("{signed_part}&Signature={signature}")
    };
    let algorithm = "SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256";
    let stateless = sign(&format!("{}&{algorithm}", query(ENTRA)));
    let authenticate = |query: &str| {
        redirected(query)
            .map_err(|error| error.to_string())?
            .authenticate(&RequestSignatures::Required(keys.clone()))
            .map_err(|error| error.to_string())
    };
    assert!(authenticate(&stateless).is_ok());
    for evil in [
        format!("{stateless}&RelayState=evil"),
        format!("{stateless}&%52elayState=evil"),
        format!("%52elayState=evil&{stateless}"),
        format!("{stateless}&RelayState"),
        stateless.replace("SigAlg=", "%53igAlg="),
        stateless.replace("SAMLRequest=", "SAMLReques%74="),
        stateless.replace("&Signature=", "&Sig%6eature=&Signature="),
    ] {
        assert!(authenticate(&evil).is_err(), "{evil}");
    }
}
