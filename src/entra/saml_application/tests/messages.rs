//! Messages to the byte, and the metadata.

use super::{
    response::{Assertion, Envelope},
    subject::NameId,
    *,
};

const ISSUER: &str = "https://sts.windows.net/5b5c94c6-14cf-42da-85bc-4e08722b253b/";

fn envelope(in_response_to: Option<&'static str>) -> Envelope<'static> {
    Envelope {
        id: "_26f81b2a-e699-4f99-be44-e2814d1bef52",
        issuer: ISSUER,
        destination: "https://app.example/acs",
        in_response_to,
        now: OffsetDateTime::from_unix_timestamp(1_704_067_200).unwrap(),
    }
}

fn name_id() -> NameId {
    NameId {
        format: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        sp_name_qualifier: None,
        value: UPN.to_owned(),
    }
}

/// What is outside the signature, the rest being random.
fn without_signature(document: &str) -> String {
    let (before, rest) = document.split_once("<ds:Signature").unwrap();
    let (_, after) = rest.split_once("</ds:Signature>").unwrap();
    format!("{before}[signature]{after}")
}

#[test]
fn messages_are_the_golden_ones() {
    let claims = [(
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name".to_owned(),
        UPN.to_owned(),
    )];
    let name_id = name_id();
    let asked = Some("id6491e192-e2d9-4970-ab03-e38ffda6e033");
    let assertion = Assertion {
        id: "_8c68ecbc-f68b-4f9b-bf66-e6afe9c0b001",
        audience: ENTITY,
        name_id: &name_id,
        claims: &claims,
        authn_instant: OffsetDateTime::from_unix_timestamp(1_704_060_000).unwrap(),
        authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    };
    let signed = envelope(asked)
        .success(&assertion, &fixture::CURRENT)
        .unwrap();
    let unasked = envelope(None);
    for (written, golden) in [
        (
            without_signature(&signed),
            include_str!("../golden/response.xml"),
        ),
        (
            envelope(asked).no_passive("AADSTS50058: why").unwrap(),
            include_str!("../golden/no_passive.xml"),
        ),
        (
            envelope(asked).logout_response().unwrap(),
            include_str!("../golden/logout_response.xml"),
        ),
        (
            unasked.logout_request(&name_id, "_8c68").unwrap(),
            include_str!("../golden/logout_request.xml"),
        ),
    ] {
        assert_eq!(written, golden.trim_end());
    }
}

#[test]
fn metadata_is_the_golden_one_and_signed_by_the_key_in_it() {
    let key = &fixture::CURRENT;
    let endpoint = "https://login.example/5b5c94c6-14cf-42da-85bc-4e08722b253b/saml2";
    let document = metadata::document("_m", ISSUER, endpoint, key).unwrap();
    let plain = without_signature(&document).replace(key.certificate().base64(), "[certificate]");
    assert_eq!(plain, include_str!("../golden/metadata.xml").trim_end());
    let root = xml::read(document.as_bytes(), &Limits::default()).unwrap();
    verify_enveloped(
        &root,
        &[key.certificate().public_key()],
        &SignaturePolicy::SHA2,
    )
    .unwrap();
}

#[test]
fn metadata_is_a_tenants_and_an_applications() {
    let simulator = simulator();
    let id = simulator.tenants().first().id().to_string();
    let at = |tenant: &str, query: &str| {
        let path = "FederationMetadata/2007-06/FederationMetadata.xml";
        open(&simulator, &format!("/{tenant}/{path}{query}"), "")
    };
    for page in [
        at("contoso.com", ""),
        at(&id, &format!("?appid={}", APP.to_uppercase())),
    ] {
        assert_eq!(page.status, StatusCode::OK);
        let root = xml::read(page.text.as_bytes(), &Limits::default()).unwrap();
        let issuer = format!("https://sts.windows.net/{id}/");
        assert_eq!(root.attribute("entityID"), Some(issuer.as_str()));
        let endpoint = format!("https://login.example/{id}/saml2");
        assert!(page.text.contains(&endpoint));
    }
    let common = at("common", "");
    assert!(
        common
            .text
            .contains("entityID=\"https://sts.windows.net/{tenant}/\"")
    );
    assert!(common.text.contains("https://login.example/common/saml2"));
    let stranger = "?appid=6f9619ff-8b86-d011-b42d-00c04fc964ff";
    refuses(&at("contoso.com", stranger), 700_016);
    refuses(&at("contoso.com", "?appid=shop"), 700_016);
    refuses(&at("common", &format!("?appid={APP}")), 700_016);
    refuses(&at("contoso.com", "?appid=a&appid=b"), 700_016);
    refuses(&at("adatum.com", ""), 90002);
}
