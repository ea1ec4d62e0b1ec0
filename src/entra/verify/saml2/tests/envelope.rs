use super::*;
use crate::entra::fixture::document::{saml, samlp};
use crate::xml::{Limits, Name};
use Aadsts::{AssertionNotPresent, InvalidSamlToken, InvalidXml};

fn misconfigured_response(change: impl FnOnce(&mut Node), said: &str) {
    misconfigured(|case| change(&mut case.response), said);
}

/// That one change leaves no assertion to use (500082), for the reason named.
fn without_assertion(change: impl FnOnce(&mut Node), said: &str) {
    let refusal = refused(|case| change(&mut case.response));
    assert_eq!(refusal.code, AssertionNotPresent, "{}", refusal.detail);
    assert!(
        refusal.detail.contains(said),
        "not {said:?}: {}",
        refusal.detail
    );
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
    // However little of it stands for anything.
    let lines = "\r\n".repeat(Limits::default().bytes);
    let refusal = case.judge_field(&format!("{in_lines}{lines}"));
    let refusal = refusal.result.unwrap_err();
    assert_eq!(refusal.code, InvalidXml);
    assert!(refusal.detail.contains("characters"), "{}", refusal.detail);
}

#[test]
fn only_a_response_is_taken_for_one() {
    let artifact = samlp("ArtifactResponse").name;
    misconfigured_response(|it| it.name = artifact, "not a SAML 2.0 Response");
    let saml1 = Name::new("samlp", "urn:oasis:names:tc:SAML:1.0:protocol", "Response");
    misconfigured_response(|it| it.name = saml1, "not a SAML 2.0 Response");
    misconfigured_response(|it| it.set("Version", "1.1"), "not 2.0");
    misconfigured_response(|it| it.unset("Version"), "no Version");
    misconfigured_response(|it| it.unset("ID"), "no ID");
    misconfigured_response(|it| it.set("IssueInstant", "today"), "not an instant");
}

#[test]
fn nobody_is_signed_in_without_having_asked() {
    misconfigured_response(|it| it.unset("InResponseTo"), "IdP-initiated");
    misconfigured_response(
        |it| it.set("InResponseTo", "_other"),
        "no such request was sent",
    );
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
    let elsewhere = "https://login.example/";
    misconfigured_response(|it| it.set("Destination", elsewhere), "Destination is");
    misconfigured_response(|it| it.unset("Destination"), "no Destination");
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
    let requester = "urn:oasis:names:tc:SAML:2.0:status:Requester";
    let beside = |it: &mut Node| it.at("Status/StatusCode").set("Value", requester);
    without_assertion(beside, "status:Requester");
    misconfigured_response(|it| it.remove("Status"), "Status is missing");
    misconfigured_response(|it| it.repeat("Status"), "Status occurs more than once");
}

#[test]
fn there_is_exactly_one_readable_assertion() {
    without_assertion(|it| it.remove("Assertion"), "holds no Assertion");
    let encrypted = |it: &mut Node| {
        it.at("Assertion").signer = None;
        it.at("Assertion").name = saml("EncryptedAssertion").name;
    };
    without_assertion(encrypted, "encrypted");
    without_assertion(
        |it| it.children.push(saml("EncryptedAssertion")),
        "encrypted",
    );
    let two = |it: &mut Node| {
        let mut second = it.at("Assertion").clone();
        second.set("ID", "_b");
        it.children.push(second);
    };
    misconfigured_response(two, "2 assertions");
    let hidden = |it: &mut Node| {
        let hiding = samlp("Extensions").holding([saml("Assertion")]);
        it.children.insert(1, hiding);
    };
    misconfigured_response(hidden, "2 assertions");
}

#[test]
fn nothing_unknown_stands_in_the_response() {
    misconfigured_response(|it| it.children.push(samlp("Surprise")), "not understood");
    misconfigured_response(|it| it.children.swap(1, 2), "out of its order");
}

#[test]
fn the_responses_issuer_is_the_assertions_or_missing() {
    accepted(|case| case.response.remove("Issuer"));
    let other = |it: &mut Node| fixture::OTHER_ISSUER.clone_into(&mut it.at("Issuer").text);
    misconfigured_response(other, "The Response's Issuer is");
}
