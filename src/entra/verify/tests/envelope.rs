use super::*;
use crate::entra::fixture::document::{saml, samlp};
use crate::xml::Name;
use Aadsts::{AssertionNotPresent, InvalidSamlToken, InvalidXml};

fn code_of(change: impl FnOnce(&mut Node)) -> Aadsts {
    refused(|case| change(&mut case.response)).code
}

#[test]
fn what_is_not_base64_of_strict_xml_is_refused() {
    let case = Case::new();
    let document = case.response.to_xml();
    let in_lines = STANDARD.encode(&document).replace("AA", "A\r\nA");
    assert!(case.judge_field(&in_lines).result.is_ok());
    for field in ["", "%%%", "PHg+", "PHgvPg", &STANDARD.encode("<x/>junk")] {
        assert_eq!(
            case.judge_field(field).result.unwrap_err().code,
            InvalidXml,
            "{field:?}"
        );
    }
    let anchor = fixture::WENDYS_ANCHOR;
    for bad in [
        format!("<!DOCTYPE x>{document}"),
        document.replace(anchor, &format!("My<!---->{}", &anchor[2..])),
        document.replace("ID=\"_r\"", "ID=\"_a\""),
    ] {
        assert_ne!(bad, document);
        assert_eq!(
            case.judge_document(&bad).result.unwrap_err().code,
            InvalidXml
        );
    }
    let huge = "A".repeat(600_000);
    assert_eq!(case.judge_field(&huge).result.unwrap_err().code, InvalidXml);
}

#[test]
fn only_a_response_is_taken_for_one() {
    assert_eq!(
        code_of(|response| response.name = samlp("ArtifactResponse").name),
        InvalidSamlToken
    );
    let saml1 = Name::new("samlp", "urn:oasis:names:tc:SAML:1.0:protocol", "Response");
    assert_eq!(code_of(|response| response.name = saml1), InvalidSamlToken);
    assert_eq!(
        code_of(|response| response.set("Version", "1.1")),
        InvalidSamlToken
    );
    assert_eq!(
        code_of(|response| response.unset("Version")),
        InvalidSamlToken
    );
    assert_eq!(code_of(|response| response.unset("ID")), InvalidSamlToken);
    assert_eq!(
        code_of(|response| response.set("IssueInstant", "today")),
        InvalidSamlToken
    );
}

#[test]
fn nobody_is_signed_in_without_having_asked() {
    let unsolicited = refused(|case| case.response.unset("InResponseTo"));
    assert_eq!(unsolicited.code, InvalidSamlToken);
    assert!(unsolicited.detail.contains("IdP-initiated"));
    let unknown = refused(|case| case.response.set("InResponseTo", "_other"));
    assert_eq!(unknown.code, InvalidSamlToken);
    assert!(unknown.detail.contains("no such request"));
}

#[test]
fn an_answer_counts_once() {
    let case = Case::new();
    let pending = PendingRequests::new(8, Duration::minutes(10));
    pending.remember(case.request.clone());
    let field = STANDARD.encode(case.response.to_xml());
    assert!(case.judge_among(&pending, &field).result.is_ok());
    let replayed = case.judge_among(&pending, &field).result.unwrap_err();
    assert_eq!(replayed.code, InvalidSamlToken);
    assert!(replayed.detail.contains("answered before"));
}

#[test]
fn a_refused_answer_uses_the_request_up_too() {
    let mut case = Case::new();
    let pending = PendingRequests::new(8, Duration::minutes(10));
    pending.remember(case.request.clone());
    let good = STANDARD.encode(case.response.to_xml());
    case.response
        .set("Destination", "https://elsewhere.example/");
    let bad = STANDARD.encode(case.response.to_xml());
    let verdict = case.judge_among(&pending, &bad);
    assert_eq!(verdict.request.unwrap().id, REQUEST_ID);
    assert!(
        case.judge_among(&pending, &good)
            .result
            .unwrap_err()
            .detail
            .contains("before")
    );
}

#[test]
fn an_answer_must_come_in_time() {
    let late = refused(|case| case.request.sent_at = case.now - Duration::minutes(10));
    assert_eq!(late.code, InvalidSamlToken);
    assert!(late.detail.contains("too long ago"));
    accepted(|case| case.request.sent_at = case.now - Duration::seconds(599));
}

#[test]
fn relay_state_comes_back_byte_for_byte() {
    assert_eq!(
        refused(|case| case.relay_state = None).code,
        InvalidSamlToken
    );
    let blanks = refused(|case| case.relay_state = Some(RELAY_STATE.replace('+', " ")));
    assert_eq!(blanks.code, InvalidSamlToken);
    assert!(blanks.detail.contains("plus signs"));
    for other in [
        &RELAY_STATE[1..],
        &format!("{RELAY_STATE} "),
        &RELAY_STATE.to_uppercase(),
        "",
    ] {
        let refusal = refused(|case| case.relay_state = Some(other.to_owned()));
        assert_eq!(refusal.code, InvalidSamlToken);
        assert!(refusal.detail.contains("RelayState"), "{}", refusal.detail);
    }
}

#[test]
fn the_destination_is_this_address() {
    let elsewhere = refused(|case| case.response.set("Destination", "https://login.example/"));
    assert_eq!(elsewhere.code, InvalidSamlToken);
    assert!(elsewhere.detail.contains("Destination"));
    assert_eq!(
        code_of(|response| response.unset("Destination")),
        InvalidSamlToken
    );
}

#[test]
fn another_status_than_success_is_told() {
    let denied = refused(|case| {
        case.response.remove("Assertion");
        let status = case.response.at("Status");
        let code = status.at("StatusCode");
        code.set("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder");
        code.children.push(
            samlp("StatusCode").with("Value", "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"),
        );
        status
            .children
            .push(samlp("StatusMessage").saying("no <such> luck"));
    });
    assert_eq!(denied.code, AssertionNotPresent);
    for said in ["status:Responder", "status:AuthnFailed", "no <such> luck"] {
        assert!(denied.detail.contains(said), "{}", denied.detail);
    }
    // An assertion beside an error is not looked at.
    let beside = code_of(|response| {
        response
            .at("Status/StatusCode")
            .set("Value", "urn:oasis:names:tc:SAML:2.0:status:Requester");
    });
    assert_eq!(beside, AssertionNotPresent);
    assert_eq!(
        code_of(|response| response.remove("Status")),
        InvalidSamlToken
    );
    assert_eq!(
        code_of(|response| response.repeat("Status")),
        InvalidSamlToken
    );
}

#[test]
fn there_is_exactly_one_readable_assertion() {
    assert_eq!(
        code_of(|response| response.remove("Assertion")),
        AssertionNotPresent
    );
    let encrypted = |response: &mut Node| {
        response.at("Assertion").signer = None;
        response.at("Assertion").name = saml("EncryptedAssertion").name;
    };
    assert_eq!(code_of(encrypted), AssertionNotPresent);
    let beside = |response: &mut Node| response.children.push(saml("EncryptedAssertion"));
    assert_eq!(code_of(beside), AssertionNotPresent);
    let two = |response: &mut Node| {
        let mut second = response.at("Assertion").clone();
        second.set("ID", "_b");
        response.children.push(second);
    };
    assert_eq!(code_of(two), InvalidSamlToken);
}

#[test]
fn nothing_unknown_stands_in_the_response() {
    let unknown = |response: &mut Node| response.children.push(samlp("Surprise"));
    assert_eq!(code_of(unknown), InvalidSamlToken);
    let order = |response: &mut Node| response.children.swap(1, 2);
    assert_eq!(code_of(order), InvalidSamlToken);
}

#[test]
fn the_responses_issuer_is_the_assertions_or_missing() {
    accepted(|case| case.response.remove("Issuer"));
    let other =
        code_of(|response| fixture::OTHER_ISSUER.clone_into(&mut response.at("Issuer").text));
    assert_eq!(other, InvalidSamlToken);
}
