use time::OffsetDateTime;

use super::*;
use crate::{
    entra::{Hint, fixture::name, query::percent_decode},
    keys::SignatureAlgorithm,
    xml::{self, DigestAlgorithm, Limits, SignaturePolicy},
};

const POLICY: SignaturePolicy = SignaturePolicy {
    algorithms: &[SignatureAlgorithm::RsaSha256],
    digests: &[DigestAlgorithm::Sha256],
    id_attribute: "ID",
};

fn request() -> AuthnRequest {
    AuthnRequest {
        destination: Some("https://idp.example/".to_owned()),
        ..AuthnRequest::new("urn:federation:MicrosoftOnline", OffsetDateTime::UNIX_EPOCH)
    }
}

fn posted(uri: &str, hints: HintPolicy) -> PostToIdp {
    let names = Names {
        typed: Some(&name("w+moran@fabrikam.com")),
        cloud_upn: Some(&name("wmoran@partners.contoso.com")),
    };
    request().post_to(uri, hints, names, None).unwrap()
}

const NOBODY: Names<'_> = Names {
    typed: None,
    cloud_upn: None,
};

#[test]
fn hints_are_appended_as_chosen() {
    let both = |login_hint, username| HintPolicy {
        login_hint,
        username,
    };
    let table = [
        (
            both(Hint::CloudUpn, Hint::None),
            "?login_hint=wmoran%40partners.contoso.com",
        ),
        (both(Hint::None, Hint::None), ""),
        (
            both(Hint::Email, Hint::None),
            "?login_hint=w%2bmoran%40fabrikam.com",
        ),
        (
            both(Hint::Email, Hint::CloudUpn),
            "?login_hint=w%2bmoran%40fabrikam.com&username=wmoran%40partners.contoso.com",
        ),
    ];
    for (hints, expected) in table {
        let base = "https://idp.example/saml2/sso";
        assert_eq!(posted(base, hints).action, format!("{base}{expected}"));
    }
    let with_query = posted("https://idp.example/?x=1", both(Hint::None, Hint::CloudUpn));
    assert_eq!(
        with_query.action,
        "https://idp.example/?x=1&username=wmoran%40partners.contoso.com"
    );
}

#[test]
fn relay_states_are_long_and_hold_what_forms_lose() {
    for _ in 0..50 {
        let state = relay_state();
        assert!((260..=620).contains(&state.len()), "{}", state.len());
        assert!(state.contains('+') && state.contains('/') && state.ends_with("=="));
    }
    assert_ne!(relay_state(), relay_state());
}

#[test]
fn a_posted_request_is_the_message_itself() {
    let request = request();
    let post = request.post_to(
        "https://idp.example/",
        HintPolicy::both(Hint::None),
        NOBODY,
        None,
    );
    let sent = STANDARD.decode(post.unwrap().saml_request).unwrap();
    assert_eq!(String::from_utf8(sent).unwrap(), request.to_xml());
}

#[test]
fn a_signed_post_carries_an_enveloped_signature_as_microsofts_sample_has_it() {
    let signer = RequestSigner::new().unwrap();
    let request = request();
    let to = "https://idp.example/";
    let post = request.post_to(to, HintPolicy::both(Hint::None), NOBODY, Some(&signer));
    let sent = STANDARD.decode(post.unwrap().saml_request).unwrap();
    let document = xml::read(&sent, &Limits::default()).unwrap();
    let key = signer.certificate().public_key();
    assert!(xml::verify_enveloped(&document, &[key], &POLICY).is_ok());
    let children: Vec<_> = document.elements().map(xml::Element::local_name).collect();
    assert_eq!(children, ["Issuer", "Signature", "NameIDPolicy"]);
    let text = String::from_utf8(sent).unwrap();
    assert!(text.contains("<ds:KeyName>MicrosoftOnline</ds:KeyName>"));
    assert!(!text.contains("X509Certificate"));
    let altered = text.replace(&request.id, &request.id.replace('_', "_a"));
    let altered = xml::read(altered.as_bytes(), &Limits::default()).unwrap();
    assert!(xml::verify_enveloped(&altered, &[key], &POLICY).is_err());
    let other = RequestSigner::new().unwrap();
    let other = other.certificate().public_key();
    assert!(xml::verify_enveloped(&document, &[other], &POLICY).is_err());
}

#[test]
fn a_signed_redirect_carries_a_signature_over_its_query() {
    let signer = RequestSigner::new().unwrap();
    let request = request();
    let hints = HintPolicy {
        login_hint: Hint::CloudUpn,
        username: Hint::None,
    };
    let upn = name("wmoran@partners.contoso.com");
    let names = Names {
        typed: None,
        cloud_upn: Some(&upn),
    };
    let sent = request
        .redirect_to("https://idp.example/", hints, names, Some(&signer))
        .unwrap();
    let (hinted, query) = sent.address.split_once("&SAMLRequest=").unwrap();
    assert_eq!(
        hinted,
        "https://idp.example/?login_hint=wmoran%40partners.contoso.com"
    );
    let query = format!("SAMLRequest={query}");
    let (covered, value) = query.split_once("&Signature=").unwrap();
    let value = STANDARD.decode(percent_decode(value).unwrap()).unwrap();
    let key = signer.certificate().public_key();
    let verify = |covered: &str| {
        key.verify(SignatureAlgorithm::RsaSha256, covered.as_bytes(), &value)
            .is_ok()
    };
    assert!(verify(covered));
    assert!(!verify(&covered.to_uppercase()));
    let values: Vec<String> = covered
        .split('&')
        .map(|field| percent_decode(field.split_once('=').unwrap().1).unwrap())
        .collect();
    let [message, relay_state, algorithm] = values.try_into().unwrap();
    let message = STANDARD.decode(message).unwrap();
    let message = miniz_oxide::inflate::decompress_to_vec(&message).unwrap();
    assert_eq!(String::from_utf8(message).unwrap(), request.to_xml());
    assert_eq!(relay_state, sent.relay_state);
    assert!(algorithm.ends_with("#rsa-sha256"));
}

#[test]
fn an_unsigned_redirect_has_the_request_and_the_state_alone() {
    let sent = request()
        .redirect_to(
            "https://idp.example/?x=1",
            HintPolicy::both(Hint::None),
            NOBODY,
            None,
        )
        .unwrap();
    let query = sent
        .address
        .strip_prefix("https://idp.example/?x=1&")
        .unwrap();
    let names: Vec<_> = query.split('&').map(|it| it.split('=').next()).collect();
    assert_eq!(names, [Some("SAMLRequest"), Some("RelayState")]);
}
