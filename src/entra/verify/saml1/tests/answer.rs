//! What is round the assertion, and what names the request.

use super::*;
use crate::{entra::fixture::saml1::trust, xml::Name};
use Aadsts::{
    AssertionNotPresent, InvalidSamlToken, InvalidXml, WsFedMessageInvalid, WsFedSignInResponse,
};

/// That one change to the envelope makes the message invalid (20012).
fn invalid_message(change: impl FnOnce(&mut Node), said: &str) {
    refused_with(WsFedMessageInvalid, |case| change(&mut case.answer), said);
}

/// That one change leaves no assertion to use (500082).
fn without_assertion(change: impl FnOnce(&mut Node), said: &str) {
    refused_with(AssertionNotPresent, |case| change(&mut case.answer), said);
}

#[test]
fn wa_says_that_it_is_a_sign_in() {
    for (wa, said) in [
        (None, "no wa"),
        (Some(""), "wa is \"\""),
        (Some("wsignout1.0"), "wsignout1.0"),
        (Some("WSIGNIN1.0"), "WSIGNIN1.0"),
    ] {
        refused_with(WsFedSignInResponse, |case| case.wa = wa, said);
    }
}

#[test]
fn wctx_comes_back_decoded_once_and_byte_for_byte() {
    refused_with(
        WsFedSignInResponse,
        |case| case.wctx = None,
        "did not come back",
    );
    let encoded = "LoginOptions%3D3%26estsredirect%3d2%26estsrequest%3drQQIARAA-_opaque%2b1";
    for (came, said) in [
        (encoded, "still percent-encoded"),
        (&format!("{WCTX}\n"), "white space"),
        (&WCTX[..WCTX.len() - 1], "last digit is gone"),
        (
            &format!("{}=", &WCTX[..WCTX.len() - 1]),
            "last digit is gone",
        ),
        (&WCTX.replace('+', " "), "no such one was sent"),
        (&WCTX.to_lowercase(), "no such one was sent"),
        ("estsredirect=2", "no such one was sent"),
        ("", "no such one was sent"),
    ] {
        let change = |case: &mut Case| case.wctx = Some(came.to_owned());
        refused_with(WsFedSignInResponse, change, said);
    }
}

#[test]
fn a_request_is_answered_once_and_in_time() {
    let case = Case::new();
    let pending = PendingRequests::new(8, Duration::minutes(10));
    pending.remember(case.request.clone());
    let document = case.answer.to_xml();
    assert!(case.judge_among(&pending, &document).result.is_ok());
    let replayed = case.judge_among(&pending, &document).result.unwrap_err();
    assert_eq!(replayed.code, WsFedSignInResponse);
    assert!(replayed.detail.contains("answered before"));

    let late = |case: &mut Case| case.request.sent_at = case.now - Duration::minutes(10);
    refused_with(WsFedSignInResponse, late, "too long ago");
    accepted(|case| case.request.sent_at = case.now - Duration::seconds(599));
}

#[test]
fn a_refused_answer_uses_the_request_up_too() {
    let case = Case::new();
    let pending = PendingRequests::new(8, Duration::minutes(10));
    pending.remember(case.request.clone());
    let refused = case.judge_among(&pending, "<x/>");
    assert_eq!(refused.result.unwrap_err().code, WsFedMessageInvalid);
    assert_eq!(refused.request.unwrap().id, ID);
    let good = case.judge_among(&pending, &case.answer.to_xml());
    assert!(good.result.unwrap_err().detail.contains("before"));
}

/// `wctx` is no name for a SAML request, though it may be equal to one.
#[test]
fn a_request_by_another_protocol_is_not_answered() {
    refused_with(
        WsFedSignInResponse,
        |case| {
            case.request.protocol = Protocol::Saml;
            WCTX.clone_into(&mut case.request.id);
        },
        "no such one was sent",
    );
}

#[test]
fn wresult_is_strict_xml() {
    let case = Case::new();
    let document = case.answer.to_xml();
    let anchor = fixture::WENDYS_ANCHOR;
    for bad in [
        "",
        "text",
        "<a></b>",
        &format!("<!DOCTYPE x>{document}"),
        &document.replace(anchor, &format!("My<!---->{}", &anchor[2..])),
        &document.replace("wsu:Created", "wsx:Created"),
        &document.replace('<', "&lt;"),
    ] {
        let refusal = case.judge_document(bad).result.unwrap_err();
        assert_eq!(refusal.code, InvalidXml, "{bad}");
    }
}

#[test]
fn the_answer_is_one_response_of_february_2005() {
    let of = |namespace: &'static str, local: &'static str| Name::new("t", namespace, local);
    let v13 = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
    for (name, said) in [
        (of(v13, "RequestSecurityTokenResponse"), "another version"),
        (
            of(v13, "RequestSecurityTokenResponseCollection"),
            "another version",
        ),
        (
            of("urn:oasis:names:tc:SAML:2.0:protocol", "Response"),
            "SAML's own protocol",
        ),
        (saml1("Assertion").name, "not RequestSecurityTokenResponse"),
    ] {
        invalid_message(|it| it.name = name, said);
    }
}

#[test]
fn what_goes_with_the_token_is_true_or_left_out() {
    for (name, wrong) in [
        ("TokenType", "urn:oasis:names:tc:SAML:2.0:assertion"),
        (
            "RequestType",
            "http://schemas.xmlsoap.org/ws/2005/02/trust/Renew",
        ),
        (
            "KeyType",
            "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
        ),
    ] {
        invalid_message(|it| wrong.clone_into(&mut it.at(name).text), wrong);
        let twice = format!("{name} occurs more than once");
        invalid_message(|it| it.repeat(name), &twice);
        accepted(|case| case.answer.remove(name));
    }
    let by_profile = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1";
    accepted(|case| by_profile.clone_into(&mut case.answer.at("TokenType").text));
    let address = "AppliesTo/EndpointReference/Address";
    invalid_message(
        |it| "urn:other".clone_into(&mut it.at(address).text),
        "AppliesTo \"urn:other\"",
    );
    invalid_message(
        |it| it.at("AppliesTo").remove("EndpointReference"),
        "EndpointReference is missing",
    );
    invalid_message(
        |it| it.at("Lifetime").remove("Expires"),
        "Expires is missing",
    );
    let tomorrow = |it: &mut Node| "tomorrow".clone_into(&mut it.at("Lifetime/Created").text);
    invalid_message(tomorrow, "not an instant in UTC");
    accepted(|case| case.answer.remove("AppliesTo"));
}

#[test]
fn there_is_exactly_one_readable_token() {
    let token = "RequestedSecurityToken";
    without_assertion(|it| it.remove(token), "no RequestedSecurityToken");
    without_assertion(
        |it| it.at(token).remove("Assertion"),
        "does not hold exactly one token",
    );
    let second = |it: &mut Node| {
        let mut copy = it.at("RequestedSecurityToken/Assertion").clone();
        copy.set("AssertionID", "_b");
        it.at("RequestedSecurityToken").children.push(copy);
    };
    without_assertion(second, "does not hold exactly one token");
    let another = |it: &mut Node| {
        let mut copy = it.at("RequestedSecurityToken").clone();
        copy.at("Assertion").set("AssertionID", "_b");
        it.children.push(copy);
    };
    invalid_message(another, "RequestedSecurityToken occurs more than once");
    let encrypted = Name::new("xenc", "http://www.w3.org/2001/04/xmlenc#", "EncryptedData");
    let encrypt = |it: &mut Node| {
        it.at("RequestedSecurityToken/Assertion").signer = None;
        it.at("RequestedSecurityToken/Assertion").name = encrypted;
    };
    without_assertion(encrypt, "encrypted");
    let hidden = |case: &mut Case| {
        let hiding = trust("RequestedProofToken").holding([saml1("Assertion")]);
        case.answer.children.push(hiding);
    };
    refused_with(InvalidSamlToken, hidden, "2 assertions");
}
