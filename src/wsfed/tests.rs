//! Requests as they arrive, answers and metadata as they leave.

use std::{borrow::Cow, time::Duration};

use time::OffsetDateTime;

use super::*;
use crate::{
    http::{Form, FormError},
    keys::{KeyRing, Signer, create_signing_key},
    saml1, saml2,
    trust::{Claim, NameId, NameIdFormat},
    xml::{self, Element, Limits, SignaturePolicy},
};

/// Entra's request as captured (facts 2.1), cut short.
const ENTRA: &str = "login_hint=wmoran%40fabrikam.com\
    &client-request-id=6d7e8b1c-0d6c-4d0e-9a53-6f1f3a6d2f10&username=wmoran%40fabrikam.com\
    &wa=wsignin1.0&wtrealm=urn%3afederation%3aMicrosoftOnline\
    &wctx=estsredirect%3d2%26estsrequest%3drQQIARAA_-%2bs0";

fn parse(query: &str) -> Result<Request, RequestError> {
    parse_both(query, "")
}

fn parse_both(query: &str, form: &str) -> Result<Request, RequestError> {
    let parsed = |text: &str| Form::parse(text.as_bytes());
    Request::parse(&parsed(query)?, &parsed(form)?)
}

fn sign_in(query: &str) -> SignIn {
    match parse(query) {
        Ok(Request::SignIn(sign_in)) => *sign_in,
        other => panic!("{query}: {other:?}"),
    }
}

fn with(more: &str) -> String {
    format!("wa=wsignin1.0&wtrealm=urn:rp&{more}")
}

#[test]
fn entras_own_request_is_understood() {
    assert_eq!(
        sign_in(ENTRA),
        SignIn {
            realm: "urn:federation:MicrosoftOnline".into(),
            context: Some("estsredirect=2&estsrequest=rQQIARAA_-+s0".into()),
            reply: None,
            max_age: None,
            authentication: None,
            home_realm: None,
            sent: None,
            client_request_id: Some("6d7e8b1c-0d6c-4d0e-9a53-6f1f3a6d2f10".into()),
        }
    );
    // As the script of its page has edited it; and as a form.
    let edited = format!(
        "{ENTRA}&cbcxt=&username=wmoran%40fabrikam.com&mkt=&lc=&popupui=&mfa_max_age=259200"
    );
    assert_eq!(sign_in(&edited), sign_in(ENTRA));
    let posted = parse_both(
        "client-request-id=6d7e8b1c-0d6c-4d0e-9a53-6f1f3a6d2f10",
        ENTRA,
    );
    assert_eq!(posted, parse(ENTRA));
}

#[test]
fn the_context_is_decoded_once() {
    for (sent, kept) in [
        ("wctx=", Some("")),
        ("wctx", Some("")),
        ("", None),
        ("wctx=a%2Bb+c%20d%2526e%26f%3D", Some("a+b c d%26e&f=")),
        ("wctx=%22%3E%3Cscript%3E", Some("\"><script>")),
        ("wctx=%C3%A4%F0%9F%90%88", Some("ä🐈")),
    ] {
        assert_eq!(sign_in(&with(sent)).context.as_deref(), kept, "{sent}");
    }
    let longest = format!("wctx={}", "x".repeat(MAX_CONTEXT));
    assert_eq!(
        sign_in(&with(&longest))
            .context
            .map(|context| context.len()),
        Some(MAX_CONTEXT)
    );
}

#[test]
fn options_are_read() {
    let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
    for (sent, max_age) in [
        ("wfresh=0", minutes(0)),
        ("wfresh=30", minutes(30)),
        ("wfresh=0.9", minutes(0)),
        ("wfresh=5.0", minutes(5)),
        ("wfresh=4294967295", minutes(4_294_967_295)),
        ("wfresh=", None),
        ("prompt=login", minutes(0)),
        ("prompt=consent+login&wfresh=30", minutes(0)),
        ("prompt=select_account&prompt=", None),
    ] {
        assert_eq!(sign_in(&with(sent)).max_age, max_age, "{sent}");
    }
    let asked = sign_in(&with(
        "wreply=https%3A%2F%2Frp.test%2F&whr=fabrikam.com&wct=2026-11-23T12%3A00%3A00Z",
    ));
    assert_eq!(asked.reply.as_deref(), Some("https://rp.test/"));
    assert_eq!(asked.home_realm.as_deref(), Some("fabrikam.com"));
    assert_eq!(
        asked.sent.map(OffsetDateTime::unix_timestamp),
        Some(1_795_435_200)
    );
    let empty = sign_in(&with("wreply=&whr=&wct=&wauth=&client-request-id="));
    assert_eq!(empty, sign_in(&with("")));
    let no_guid = sign_in(&with("client-request-id=%0a%7b%22event%22"));
    assert_eq!(no_guid.client_request_id, None);
}

#[test]
fn the_password_answers_where_more_factors_are_asked_for_and_nothing_else() {
    use RequestedAuthentication::{Password, SeveralFactors};
    for (uri, asked) in [
        (
            "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password",
            Password,
        ),
        ("urn:oasis:names:tc:SAML:1.0:am:password", Password),
        (
            "http://schemas.microsoft.com/claims/multipleauthn",
            SeveralFactors,
        ),
        (
            "http://schemas.microsoft.com/claims/wiaormultiauthn",
            SeveralFactors,
        ),
    ] {
        let asks = sign_in(&with(&format!("wauth={uri}")));
        assert_eq!(asks.authentication, Some(asked), "{uri}");
    }
    for uri in [
        "urn:federation:authentication:windows",
        "urn:ietf:rfc:2246",
        "HTTP://schemas.microsoft.com/claims/multipleauthn",
    ] {
        let refused = RequestError::Authentication(uri.into());
        assert_eq!(parse(&with(&format!("wauth={uri}"))), Err(refused));
    }
}

#[test]
fn the_sessions_end_is_asked_for_in_four_ways() {
    let none = Request::SignOut(SignOut::default());
    for query in [
        "",
        "wa=",
        "wa=wsignout1.0",
        "wa=wsignoutcleanup1.0",
        "wa=wsignout1.0&wreply=&wtrealm=x&wctx=y",
        "client-request-id=1&mkt=",
    ] {
        assert_eq!(parse(query).as_ref(), Ok(&none), "{query}");
    }
    for action in ["wsignout1.0", "wsignoutcleanup1.0"] {
        assert_eq!(
            parse(&format!("wa={action}&wreply=https://rp.test/")),
            Ok(Request::SignOut(SignOut {
                reply: Some("https://rp.test/".into())
            }))
        );
    }
}

#[test]
fn what_is_no_request_is_refused() {
    let long = |name: &str, length| with(&format!("{name}={}", "x".repeat(length)));
    for (query, error) in [
        ("wtrealm=urn:rp".to_owned(), RequestError::NoAction),
        ("SAMLRequest=x".to_owned(), RequestError::NoAction),
        ("wresult=x".to_owned(), RequestError::NoAction),
        ("wa=wattr1.0".to_owned(), RequestError::UnknownAction),
        (
            "wa=WSIGNIN1.0&wtrealm=x".to_owned(),
            RequestError::UnknownAction,
        ),
        ("wa=wsignin1.0".to_owned(), RequestError::NoRealm),
        ("wa=wsignin1.0&wtrealm=".to_owned(), RequestError::NoRealm),
        (long("wctx", MAX_CONTEXT + 1), RequestError::TooLong("wctx")),
        (long("wreply", 2049), RequestError::TooLong("wreply")),
        (long("wauth", 2049), RequestError::TooLong("wauth")),
        (long("whr", 2049), RequestError::TooLong("whr")),
        (
            format!("wa=wsignin1.0&wtrealm={}", "x".repeat(2049)),
            RequestError::TooLong("wtrealm"),
        ),
        (
            format!("wa=wsignout1.0&wreply={}", "x".repeat(2049)),
            RequestError::TooLong("wreply"),
        ),
        (with("wfresh=soon"), RequestError::Freshness),
        (with("wfresh=-1"), RequestError::Freshness),
        (with("wfresh=%2B1"), RequestError::Freshness),
        (with("wfresh=."), RequestError::Freshness),
        (with("wfresh=1.-1"), RequestError::Freshness),
        (with("wfresh=4294967296"), RequestError::Freshness),
        (with("wct=yesterday"), RequestError::SentAt),
        (with("wct=2026-11-23T12:00:00"), RequestError::SentAt),
        (with("wctx=%zz"), RequestError::Form(FormError::Malformed)),
        (with("wctx=%ff"), RequestError::Form(FormError::Malformed)),
    ] {
        assert_eq!(parse(&query), Err(error), "{query}");
    }
    for control in ["%00", "%0a", "%0d%0a", "%09", "%1b", "%7f", "%c2%85"] {
        for name in ["wctx", "wreply", "wauth", "whr"] {
            let query = with(&format!("{name}=a{control}b"));
            assert_eq!(
                parse(&query),
                Err(RequestError::ControlCharacter(name)),
                "{query}"
            );
        }
    }
}

/// Which of two would count is not known, to us or to whoever checked the request before us.
#[test]
fn parameters_are_not_given_twice() {
    for name in [
        "wa", "wtrealm", "wctx", "wreply", "wfresh", "wauth", "whr", "wct",
    ] {
        let repeated = Err(RequestError::Form(FormError::Repeated(name)));
        let base = "wa=wsignin1.0&wtrealm=x&wctx=x&wreply=x&wfresh=0&wct=2026-11-23T12:00:00Z\
                    &wauth=urn:oasis:names:tc:SAML:1.0:am:password&whr=x";
        assert!(parse(base).is_ok());
        assert_eq!(parse(&format!("{base}&{name}=x")), repeated);
        assert_eq!(parse(&format!("{base}&{name}")), repeated, "an empty one");
        assert_eq!(parse_both(base, &format!("{name}=x")), repeated);
    }
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_000_000 + seconds).unwrap()
}

fn saml1_token<'a>(attributes: &'a [saml1::Attribute<'a>]) -> Token<'a> {
    Token::Saml1(saml1::Assertion {
        id: "_a",
        issuer: "https://idp.test/partners",
        issue_instant: at(0),
        name_identifier: "1TIu064jGEmmf+hnI+F0Jg==",
        name_identifier_format: saml1::NAME_IDENTIFIER_UNSPECIFIED,
        audience: "urn:federation:MicrosoftOnline",
        not_before: at(-60),
        not_on_or_after: at(3600),
        attributes,
        authentication_method: saml1::AuthenticationMethod::Password,
        authentication_instant: at(-1),
    })
}

static NAME: NameId<'static> = NameId {
    format: NameIdFormat::Persistent,
    value: Cow::Borrowed("1TIu064jGEmmf+hnI+F0Jg=="),
};

static CLAIMS: [Claim<'static>; 1] = [Claim::new(
    "http://schemas.xmlsoap.org/claims/UPN",
    "wmoran@partners.contoso.com",
)];

fn saml2_token() -> Token<'static> {
    Token::Saml2(saml2::Assertion {
        id: "_a",
        issuer: "https://idp.test/partners",
        issue_instant: at(0),
        name_id: &NAME,
        in_response_to: None,
        recipient: "https://rp.test/",
        audience: "urn:federation:MicrosoftOnline",
        not_before: at(-60),
        not_on_or_after: at(3600),
        attributes: &CLAIMS,
        authn_instant: at(-1),
        session_index: "_s",
        authn_context: saml2::AuthnContextClass::PasswordProtectedTransport,
    })
}

fn answer(token: Token<'_>, signer: &Signer) -> String {
    SignInResponse {
        applies_to: "urn:federation:MicrosoftOnline",
        token,
    }
    .to_signed_xml(signer)
    .unwrap()
}

/// The one signature of a document is what is not the same each time.
fn without_signature(document: &str) -> String {
    let (before, rest) = document.split_once("<ds:Signature").unwrap();
    let (_, after) = rest.split_once("</ds:Signature>").unwrap();
    format!("{before}[signature]{after}")
}

#[test]
fn the_answers_are_the_golden_ones() {
    let signer = create_signing_key("idp", 1).unwrap().signer;
    let upn = [Cow::Borrowed("wmoran@partners.contoso.com")];
    let attributes = [saml1::Attribute {
        claim_type: saml1::ClaimType::parse("http://schemas.xmlsoap.org/claims/UPN").unwrap(),
        values: &upn,
    }];
    for (token, golden) in [
        (
            saml1_token(&attributes),
            include_str!("golden/saml1_response.xml"),
        ),
        (saml2_token(), include_str!("golden/saml2_response.xml")),
    ] {
        let document = answer(token, &signer);
        assert_eq!(without_signature(&document), golden.trim_end());
    }
}

fn descendant<'a>(element: &'a Element, local: &str) -> Option<&'a Element> {
    element.elements().find_map(|child| {
        if child.local_name() == local {
            Some(child)
        } else {
            descendant(child, local)
        }
    })
}

#[test]
fn the_token_verifies_within_the_answer() {
    let signer = create_signing_key("idp", 1).unwrap().signer;
    let key = signer.certificate().public_key();
    for token in [saml1_token(&[]), saml2_token()] {
        let document = answer(token, &signer);
        let verify = |document: &str| {
            let root = xml::read(document.as_bytes(), &Limits::default()).unwrap();
            let assertion = descendant(&root, "Assertion").unwrap();
            xml::verify_enveloped(assertion, &[key], &SignaturePolicy::SHA2).is_ok()
        };
        assert!(verify(&document));
        let forged = document.replace("1TIu064j", "2TIu064j");
        assert_ne!(forged, document);
        assert!(!verify(&forged));
    }
}

fn metadata(keys: &KeyRing) -> String {
    let active = ["https://idp.test/adfs/services/trust/2005/usernamemixed"];
    metadata_with(keys, &active, &["https://idp.test/partners"])
}

fn metadata_with(keys: &KeyRing, active: &[&str], issuers: &[&str]) -> String {
    let endpoints = Endpoints {
        passive: "https://idp.test/adfs/ls/",
        active,
        issuers,
        claim_types: &["http://schemas.xmlsoap.org/claims/UPN"],
        saml2: saml2::Endpoints {
            entity_id: "https://idp.test/partners",
            single_sign_on: "https://idp.test/saml2/sso",
            single_logout: "https://idp.test/saml2/slo",
            name_id_formats: &[NameIdFormat::Persistent],
        },
    };
    federation_metadata(&endpoints, keys).unwrap()
}

#[test]
fn the_metadata_is_the_golden_one() {
    let keys = KeyRing::new(create_signing_key("idp", 1).unwrap().signer, None);
    let document = metadata(&keys);
    let certificate = keys.current().certificate().base64();
    let id = document.split_once(" ID=\"").unwrap().1;
    let id = id.split_once('"').unwrap().0;
    let fixed = without_signature(&document)
        .replace(certificate, "[certificate]")
        .replace(id, "_id");
    assert_eq!(fixed, include_str!("golden/metadata.xml").trim_end());
}

#[test]
fn each_address_and_each_issuer_is_named() {
    let keys = KeyRing::new(create_signing_key("idp", 1).unwrap().signer, None);
    let told = |active: &[&str], issuers: &[&str]| {
        let document = metadata_with(&keys, active, issuers);
        let root = xml::read(document.as_bytes(), &Limits::default()).unwrap();
        let role = descendant(&root, "RoleDescriptor").unwrap();
        let of_kind = |kind: &str| {
            let found = role.elements().filter(|it| it.local_name() == kind);
            found
                .map(|it| {
                    descendant(it, "Address")
                        .unwrap()
                        .text()
                        .unwrap()
                        .to_owned()
                })
                .collect::<Vec<_>>()
        };
        let names = descendant(role, "LogicalServiceNamesOffered");
        let names = names.map(|names| {
            let uris = names.elements().map(|name| name.attribute("Uri").unwrap());
            uris.map(str::to_owned).collect::<Vec<_>>()
        });
        let passive = of_kind("PassiveRequestorEndpoint");
        assert_eq!(passive, ["https://idp.test/adfs/ls/"]);
        (of_kind("SecurityTokenServiceEndpoint"), names)
    };
    let passive = "https://idp.test/adfs/ls/";
    assert_eq!(told(&[], &["urn:a"]), (vec![passive.to_owned()], None));
    let (active, names) = told(&["https://a.test/", "https://b.test/"], &["urn:a", "urn:b"]);
    assert_eq!(active, ["https://a.test/", "https://b.test/"]);
    assert_eq!(names.unwrap(), ["urn:a", "urn:b"]);
}

/// Entra learns of the next certificate from here; whoever could change one would be its issuer.
#[test]
fn each_role_has_both_certificates_and_the_whole_is_signed() {
    let current = create_signing_key("current", 30).unwrap().signer;
    let next = create_signing_key("next", 60).unwrap().signer;
    let expected = [current.certificate(), next.certificate()]
        .map(|certificate| certificate.base64().to_owned());
    let keys = KeyRing::new(current, Some(next.certificate().clone()));
    let document = metadata(&keys);
    let root = xml::read(document.as_bytes(), &Limits::default()).unwrap();
    let key = keys.current().certificate().public_key();
    let verified = xml::verify_enveloped(&root, &[key], &SignaturePolicy::SHA2).unwrap();
    let roles: Vec<_> = verified
        .element()
        .elements()
        .filter(|child| child.local_name() != "Signature")
        .collect();
    let names: Vec<_> = roles.iter().map(|role| role.local_name()).collect();
    assert_eq!(names, ["RoleDescriptor", "IDPSSODescriptor"]);
    for role in roles {
        let announced: Vec<_> = role
            .elements()
            .filter(|child| child.local_name() == "KeyDescriptor")
            .map(|child| {
                descendant(child, "X509Certificate")
                    .unwrap()
                    .text()
                    .unwrap()
            })
            .collect();
        assert_eq!(announced, expected);
    }
    for (from, to) in [
        ("/adfs/ls/", "/adfs/lt/"),
        ("fed:SecurityTokenServiceType", "fed:ApplicationServiceType"),
        ("wsfed/federation/200706\"", "wsfed/federation/200707\""),
    ] {
        let forged = document.replacen(from, to, 1);
        assert_ne!(forged, document, "{from}");
        let root = xml::read(forged.as_bytes(), &Limits::default()).unwrap();
        assert!(
            xml::verify_enveloped(&root, &[key], &SignaturePolicy::SHA2).is_err(),
            "{from}"
        );
    }
}
