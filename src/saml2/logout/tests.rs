//! Requests to end a session, and answers, as they arrive and as they leave.

use base64::{Engine, engine::general_purpose::STANDARD};
use time::OffsetDateTime;

use super::*;
use crate::{
    http::Form,
    keys::{Signer, create_signing_key},
    saml2::{
        BindingError, Carried, ReceivedRequest, ReceivedResponse, RequestError, Status,
        redirect_url,
    },
    trust::{RequestKeys, RequestSignatures},
    xml::{self, Limits, SignaturePolicy},
};

/// As Shibboleth's service provider writes it, its signature aside.
const REQUEST: &str = r#"<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Destination="https://idp.test/saml2/slo" ID="_l1" IssueInstant="2026-11-23T12:00:00Z" NotOnOrAfter="2026-11-23T12:05:00Z" Version="2.0"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.test</saml:Issuer><saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="https://idp.test/partners" SPNameQualifier="https://sp.test">1TIu064jGEmmf+hnI+F0Jg==</saml:NameID><samlp:SessionIndex>_s</samlp:SessionIndex></samlp:LogoutRequest>"#;

const RESPONSE: &str = r#"<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Destination="https://idp.test/saml2/slo" ID="_r1" InResponseTo="_l2" IssueInstant="2026-11-23T12:00:00Z" Version="2.0"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.test</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse>"#;

fn form(carried: Carried, message: &str) -> Form {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair(carried.parameter(), &STANDARD.encode(message))
        .finish();
    Form::parse(body.as_bytes()).unwrap()
}

fn request(message: &str) -> ReceivedRequest {
    ReceivedRequest::from_post(&form(Carried::Request, message)).unwrap()
}

fn unsigned(message: &str) -> Result<LogoutRequest, RequestError> {
    request(message).authenticate_logout(&RequestSignatures::NotVerified, true)
}

fn response(message: &str) -> Result<LogoutResponse, RequestError> {
    ReceivedResponse::from_post(&form(Carried::Response, message))
        .unwrap()
        .authenticate_logout(&RequestSignatures::NotVerified)
}

fn signer() -> Signer {
    create_signing_key("test", 1).unwrap().signer
}

fn keys(signer: &Signer) -> RequestKeys {
    RequestKeys::new(vec![signer.certificate().public_key().clone()], false).unwrap()
}

fn instant(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_000_000 + seconds).unwrap()
}

fn outgoing<'a>() -> OutgoingLogoutRequest<'a> {
    OutgoingLogoutRequest {
        id: "_l2.1",
        issuer: "https://idp.test/partners",
        issue_instant: instant(0),
        not_on_or_after: instant(300),
        destination: "https://sp.test/slo",
        name_id: "1TIu064jGEmmf+hnI+F0Jg==",
        name_id_format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        session_index: "_s",
    }
}

fn answer<'a>(answer: LogoutAnswer) -> OutgoingLogoutResponse<'a> {
    OutgoingLogoutResponse {
        id: "_r2",
        issuer: "https://idp.test/partners",
        issue_instant: instant(0),
        destination: "https://sp.test/slo",
        in_response_to: "_l1",
        answer,
    }
}

#[test]
fn a_request_is_understood() {
    let asked = unsigned(REQUEST).unwrap();
    assert_eq!(asked.id, "_l1");
    assert_eq!(asked.issuer, "https://sp.test");
    assert_eq!(
        asked.destination.as_deref(),
        Some("https://idp.test/saml2/slo")
    );
    let until = asked.not_on_or_after.unwrap() - asked.issue_instant;
    assert_eq!(until, time::Duration::minutes(5));
    let person = NamedPerson {
        name: "1TIu064jGEmmf+hnI+F0Jg==".into(),
        format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".into()),
        name_qualifier: Some("https://idp.test/partners".into()),
        sp_name_qualifier: Some("https://sp.test".into()),
    };
    assert_eq!(asked.person, person);
    assert_eq!(asked.session_indexes, ["_s"]);
    assert!(!asked.is_signed && !asked.is_asynchronous);

    let bare = unsigned(
        &REQUEST
            .replace("<samlp:SessionIndex>_s</samlp:SessionIndex>", "")
            .replace(r#" NotOnOrAfter="2026-11-23T12:05:00Z""#, "")
            .replace(r#" Destination="https://idp.test/saml2/slo""#, "")
            .replace(
                r#" NameQualifier="https://idp.test/partners" SPNameQualifier="https://sp.test""#,
                "",
            ),
    )
    .unwrap();
    assert_eq!(bare.session_indexes, [""; 0]);
    assert_eq!((bare.not_on_or_after, bare.destination), (None, None));
    assert_eq!(bare.person.name_qualifier, None);

    let several = REQUEST.replace(
        "</samlp:SessionIndex>",
        "</samlp:SessionIndex><samlp:SessionIndex> _t </samlp:SessionIndex>",
    );
    assert_eq!(unsigned(&several).unwrap().session_indexes, ["_s", "_t"]);
    let extensions = r#"</saml:Issuer><samlp:Extensions><aslo:Asynchronous xmlns:aslo="urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo"/></samlp:Extensions>"#;
    let asynchronous = REQUEST.replacen("</saml:Issuer>", extensions, 1);
    assert!(unsigned(&asynchronous).unwrap().is_asynchronous);
}

#[test]
fn what_is_no_request_is_refused() {
    let many = "<samlp:SessionIndex>_s</samlp:SessionIndex>".repeat(65);
    for bad in [
        REQUEST.replace("LogoutRequest", "AuthnRequest"),
        REQUEST.replace("LogoutRequest", "LogoutResponse"),
        REQUEST.replace("SAML:2.0:protocol", "SAML:1.0:protocol"),
        REQUEST.replace(r#"Version="2.0""#, r#"Version="1.1""#),
        REQUEST.replace(r#"ID="_l1""#, ""),
        REQUEST.replace(r#"ID="_l1""#, r#"ID="1""#),
        REQUEST.replace("2026-11-23T12:00:00Z", "now"),
        REQUEST.replace("2026-11-23T12:05:00Z", "later"),
        REQUEST.replace(">https://sp.test<", "> <"),
        REQUEST.replace("1TIu064jGEmmf+hnI+F0Jg==", " "),
        REQUEST.replace("saml:NameID", "saml:BaseID"),
        REQUEST.replace("saml:NameID", "saml:EncryptedID"),
        REQUEST.replace("<samlp:SessionIndex>_s</samlp:SessionIndex>", &many),
        REQUEST.replace(">_s<", "><a/><"),
        REQUEST.replace(
            "<samlp:SessionIndex>",
            r#"<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">x</saml:NameID><samlp:SessionIndex>"#,
        ),
    ] {
        assert_ne!(bad, REQUEST);
        assert!(unsigned(&bad).is_err(), "{bad}");
    }
}

/// What was signed, and by whom, against what the trust demands.
#[test]
fn a_request_must_be_signed_unless_the_trust_says_otherwise() {
    let (ours, other) = (signer(), signer());
    let good = outgoing().to_signed_xml(&ours).unwrap();
    let foreign = outgoing().to_signed_xml(&other).unwrap();
    let changed = good.replace("1TIu064j", "2TIu064j");
    assert_ne!(changed, good);
    let nowhere = OutgoingLogoutRequest {
        destination: "",
        ..outgoing()
    };
    let nowhere = nowhere.to_signed_xml(&ours).unwrap();
    let required = || RequestSignatures::Required(keys(&ours));
    let when_present = || RequestSignatures::WhenPresent(keys(&ours));
    let not_verified = || RequestSignatures::NotVerified;
    // Message, rule, whether it may be unsigned; whether it is taken, and as signed.
    for (name, message, rule, permitted, taken) in [
        ("good", &*good, required(), false, Some(true)),
        ("good", &good, when_present(), false, Some(true)),
        ("good", &good, when_present(), true, Some(true)),
        ("good", &good, not_verified(), true, Some(false)),
        ("good", &good, not_verified(), false, None),
        ("unsigned", REQUEST, required(), false, None),
        ("unsigned", REQUEST, when_present(), false, None),
        ("unsigned", REQUEST, not_verified(), false, None),
        ("unsigned", REQUEST, required(), true, Some(false)),
        ("unsigned", REQUEST, when_present(), true, Some(false)),
        ("unsigned", REQUEST, not_verified(), true, Some(false)),
        ("foreign", &foreign, required(), false, None),
        ("foreign", &foreign, when_present(), true, None),
        ("changed", &changed, required(), false, None),
        ("changed", &changed, when_present(), true, None),
    ] {
        let outcome = request(message).authenticate_logout(&rule, permitted);
        let outcome = outcome.map(|asked| asked.is_signed).ok();
        assert_eq!(outcome, taken, "{name} {rule:?} {permitted}");
    }
    // The attribute is there and empty: it is for the edge to see that this is not its address.
    let outcome = request(&nowhere).authenticate_logout(&required(), false);
    assert_eq!(outcome.unwrap().destination.as_deref(), Some(""));
    let without = outgoing().to_signed_xml(&ours).unwrap();
    let without = without.replacen(r#" Destination="https://sp.test/slo""#, "", 1);
    assert!(
        request(&without)
            .authenticate_logout(&required(), false)
            .is_err()
    );
}

#[test]
fn a_signed_query_must_name_its_destination() {
    let ours = signer();
    let rule = RequestSignatures::Required(keys(&ours));
    let authenticate = |document: &str| {
        let url = redirect_url("https://idp.test", Carried::Request, document, None, &ours);
        let url = url.unwrap();
        let (_, query) = url.split_once('?').unwrap();
        ReceivedRequest::from_redirect(query, &Form::parse(query.as_bytes()).unwrap())
            .unwrap()
            .authenticate_logout(&rule, false)
    };
    assert!(authenticate(REQUEST).unwrap().is_signed);
    let nowhere = REQUEST.replace(r#" Destination="https://idp.test/saml2/slo""#, "");
    let outcome = authenticate(&nowhere);
    assert!(
        matches!(outcome, Err(RequestError::Malformed("Destination"))),
        "{outcome:?}"
    );
}

#[test]
fn an_answer_is_understood_and_its_status_told() {
    let told = response(RESPONSE).unwrap();
    assert_eq!(
        (&*told.in_response_to, &*told.issuer),
        ("_l2", "https://sp.test")
    );
    assert!(told.is_success);
    let nested = |outer: &str, inner: &str| {
        let codes = format!(
            r#"<samlp:StatusCode Value="{outer}"><samlp:StatusCode Value="{inner}"/></samlp:StatusCode>"#
        );
        let (before, rest) = RESPONSE.split_once("<samlp:StatusCode").unwrap();
        let (_, after) = rest.split_once("/>").unwrap();
        format!("{before}{codes}{after}")
    };
    let failed = response(&nested("a:Responder", "a:AuthnFailed")).unwrap();
    assert!(!failed.is_success);
    assert_eq!(failed.codes, "a:Responder / a:AuthnFailed");
    let inner_success = nested("a:Responder", "urn:oasis:names:tc:SAML:2.0:status:Success");
    assert!(!response(&inner_success).unwrap().is_success);
    let (before, _) = RESPONSE.split_once("<samlp:Status>").unwrap();
    let without = format!("{before}</samlp:LogoutResponse>");
    assert!(!response(&without).unwrap().is_success);

    for bad in [
        REQUEST.to_owned(),
        RESPONSE.replace("LogoutResponse", "Response"),
        RESPONSE.replace(r#" InResponseTo="_l2""#, ""),
        RESPONSE.replace(r#"Version="2.0""#, ""),
        RESPONSE.replace("https://sp.test", ""),
        RESPONSE.replace("<samlp:Status>", "<samlp:Status/><samlp:Status>"),
    ] {
        assert!(response(&bad).is_err(), "{bad}");
    }
}

#[test]
fn an_answer_is_verified_where_there_are_keys() {
    let (ours, other) = (signer(), signer());
    for by_when_present in [false, true] {
        let rule = if by_when_present {
            RequestSignatures::WhenPresent(keys(&ours))
        } else {
            RequestSignatures::Required(keys(&ours))
        };
        let authenticate = |document: &str| {
            ReceivedResponse::from_post(&form(Carried::Response, document))
                .unwrap()
                .authenticate_logout(&rule)
        };
        let signed_by = |signer| answer(LogoutAnswer::Success).to_signed_xml(signer).unwrap();
        assert!(authenticate(&signed_by(&ours)).unwrap().is_success);
        assert!(authenticate(&signed_by(&other)).is_err());
        assert!(authenticate(RESPONSE).is_err());
    }
}

#[test]
fn each_kind_comes_by_its_own_parameter() {
    let as_response = ReceivedRequest::from_post(&form(Carried::Response, REQUEST));
    assert!(matches!(
        as_response,
        Err(BindingError::Missing("SAMLRequest"))
    ));
    let as_request = ReceivedResponse::from_post(&form(Carried::Request, RESPONSE));
    assert!(matches!(
        as_request,
        Err(BindingError::Missing("SAMLResponse"))
    ));
}

/// What a query carries comes back from it, whatever is in it, and its signature holds for nothing
/// else.
#[test]
fn a_query_is_read_as_it_was_written() {
    let ours = signer();
    let rule = RequestSignatures::Required(keys(&ours));
    let document = answer(LogoutAnswer::Partial).to_xml().unwrap();
    for (address, relay_state) in [
        ("https://sp.test/slo", None),
        ("https://sp.test/slo?tenant=1", Some("a+b=& ä%20")),
        ("https://sp.test/slo", Some("")),
    ] {
        let url = redirect_url(address, Carried::Response, &document, relay_state, &ours).unwrap();
        let query = url.strip_prefix(address).unwrap();
        assert_eq!(query.starts_with('&'), address.contains('?'));
        let query = &query[1..];
        let form = Form::parse(query.as_bytes()).unwrap();
        assert_eq!(form.single("RelayState"), Ok(relay_state));
        let authenticate = |query: &str| {
            ReceivedResponse::from_redirect(query, &Form::parse(query.as_bytes()).unwrap())
                .map_err(|error| error.to_string())?
                .authenticate_logout(&rule)
                .map_err(|error| error.to_string())
        };
        let told = authenticate(query).unwrap();
        assert!(told.is_success);
        assert!(told.codes.ends_with("PartialLogout"), "{}", told.codes);
        for evil in [
            query.replace("&SigAlg", "&RelayState=evil&SigAlg"),
            query.replace("rsa-sha256", "rsa-sha512"),
            query.split_once("&SigAlg").unwrap().0.to_owned(),
        ] {
            assert!(authenticate(&evil).is_err(), "{evil}");
        }
    }
}

/// Fixed to the letter: what relying parties' parsers were tried on.
#[test]
fn what_is_sent_is_the_golden_message() {
    let ours = signer();
    let key = ours.certificate().public_key();
    let refused = LogoutAnswer::Refused(Status::UnknownPrincipal);
    for (plain, signed, golden) in [
        (
            outgoing().to_xml(),
            outgoing().to_signed_xml(&ours),
            include_str!("golden/request.xml"),
        ),
        (
            answer(LogoutAnswer::Success).to_xml(),
            answer(LogoutAnswer::Success).to_signed_xml(&ours),
            include_str!("golden/success.xml"),
        ),
        (
            answer(LogoutAnswer::Partial).to_xml(),
            answer(LogoutAnswer::Partial).to_signed_xml(&ours),
            include_str!("golden/partial.xml"),
        ),
        (
            answer(refused).to_xml(),
            answer(refused).to_signed_xml(&ours),
            include_str!("golden/refused.xml"),
        ),
    ] {
        let (plain, signed) = (plain.unwrap(), signed.unwrap());
        assert_eq!(plain, golden.trim_end());
        let root = xml::read(signed.as_bytes(), &Limits::default()).unwrap();
        assert!(xml::verify_enveloped(&root, &[key], &SignaturePolicy::SHA2).is_ok());
        // The signature stands behind the issuer, and is all that differs.
        let (before, rest) = signed.split_once("<ds:Signature").unwrap();
        let (_, after) = rest.split_once("</ds:Signature>").unwrap();
        assert!(before.ends_with("</saml:Issuer>"), "{before}");
        assert_eq!(format!("{before}{after}"), plain);
    }
}
