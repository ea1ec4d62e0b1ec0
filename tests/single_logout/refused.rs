//! What ends nobody's session: each request and answer is right but for one thing.

use homerealm::{
    keys::{Signer, create_signing_key},
    saml2::Carried,
};

use crate::{
    parties::{
        Known, LOOSE, QUIET, SECOND, bring, frames, get, is_signed_in, logout_request,
        logout_response, now, press, redirected, sign_in, signer, slo_url, start, status, wendy,
    },
    provider::{Provider, SP},
};

const DENIED: &[&str] = &["Requester", "RequestDenied"];
const UNKNOWN: &[&str] = &["Requester", "UnknownPrincipal"];

/// What a signed request says wrongly, its relying party is told; the session goes on.
#[tokio::test]
async fn a_request_that_is_not_right_ends_nothing() {
    let provider = start();
    let (mut browser, known) = wendy(&provider).await;
    let second = sign_in(&provider, &mut browser, SECOND).await;
    let signer = signer(&provider);
    let good = logout_request(&provider, &known);
    let old = now(-660 - 120);
    let cases: Vec<(&str, String, &[&str])> = vec![
        (
            "another address",
            good.replace("/saml2/slo\"", "/saml2/sso\""),
            DENIED,
        ),
        (
            "another host",
            good.replace(&slo_url(&provider), "https://idp.test/saml2/slo"),
            DENIED,
        ),
        ("too old", with_instant(&good, &old), DENIED),
        ("from the future", with_instant(&good, &now(120)), DENIED),
        (
            "expired",
            with_attribute(&good, "NotOnOrAfter", &now(-61)),
            DENIED,
        ),
        (
            "named by another identity provider",
            good.replace(
                "<saml:NameID ",
                "<saml:NameID NameQualifier=\"https://other.test\" ",
            ),
            DENIED,
        ),
        (
            "named to another relying party",
            good.replace(
                "<saml:NameID ",
                &format!("<saml:NameID SPNameQualifier=\"{SECOND}\" "),
            ),
            DENIED,
        ),
        (
            "another name",
            good.replace(&known.name_id, "1TIu064jGEmmf+hnI+F0Jg=="),
            UNKNOWN,
        ),
        (
            "a part of the name",
            good.replace(&known.name_id, &known.name_id[1..]),
            UNKNOWN,
        ),
        (
            "another format",
            good.replace(":persistent", ":transient"),
            UNKNOWN,
        ),
        (
            "another relying party's index",
            good.replace(&known.session_index, &second.session_index),
            UNKNOWN,
        ),
        (
            "another index",
            good.replace(&known.session_index, "_0"),
            UNKNOWN,
        ),
    ];
    for (what, document, expected) in &cases {
        assert_ne!(*document, good, "{what}");
        let request = Carried::Request;
        let reply = bring(&provider, &mut browser, request, document, Some(&signer)).await;
        let answer = redirected(&reply, Carried::Response);
        assert_eq!(status(&answer.document), *expected, "{what}");
        assert!(is_signed_in(&provider, &mut browser).await, "{what}");
    }
    let refused = provider.audit("request-refused", cases.len());
    assert_eq!(refused.len(), cases.len());
    assert!(refused.iter().all(|line| line["relying_party"] == SP));

    // The very same, and nothing wrong with it.
    let reply = bring(
        &provider,
        &mut browser,
        Carried::Request,
        &good,
        Some(&signer),
    )
    .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(!is_signed_in(&provider, &mut browser).await);
}

/// Who is not known, or cannot prove who it is, gets no answer, and the person a page.
#[tokio::test]
async fn a_request_of_nobody_known_gets_a_page() {
    let provider = start();
    let (mut browser, known) = wendy(&provider).await;
    let ours = signer(&provider);
    let foreign = create_signing_key("foreign", 1).expect("a key").signer;
    let good = logout_request(&provider, &known);
    let stranger = good.replace(SP, "https://stranger.test");
    let by_ws_federation = good.replace(SP, crate::parties::PORTAL);
    let nowhere = good.replace(&format!("Destination=\"{}\" ", slo_url(&provider)), "");
    let cases: [(&str, &str, Option<&Signer>, u16); 8] = [
        ("unsigned", &good, None, 400),
        ("a foreign signature", &good, Some(&foreign), 400),
        ("no destination", &nowhere, Some(&ours), 400),
        ("a stranger", &stranger, Some(&ours), 403),
        (
            "one that speaks another protocol",
            &by_ws_federation,
            Some(&ours),
            403,
        ),
        ("not XML", "<samlp:LogoutRequest", Some(&ours), 400),
        (
            "no Issuer",
            &good.replace("saml:Issuer", "saml:Nobody"),
            Some(&ours),
            400,
        ),
        (
            "another kind",
            &good.replace("LogoutRequest", "AuthnRequest"),
            Some(&ours),
            400,
        ),
    ];
    for (what, document, signer, expected) in cases {
        let reply = bring(&provider, &mut browser, Carried::Request, document, signer).await;
        assert_eq!(reply.status, expected, "{what}: {}", reply.text());
        assert!(!reply.headers.contains_key("location"), "{what}");
        assert!(is_signed_in(&provider, &mut browser).await, "{what}");
    }
    // What holds for a query as it stands does not hold for another one.
    let reply = bring(
        &provider,
        &mut browser,
        Carried::Request,
        &good,
        Some(&ours),
    )
    .await;
    assert_eq!(reply.status, 200);
    for path in [
        "/saml2/slo?SAMLRequest=x",
        "/saml2/slo?SAMLRequest=",
        "/saml2/slo?SAMLRequest=eA%3D%3D&SAMLRequest=eA%3D%3D",
        "/saml2/slo?SAMLResponse=x",
    ] {
        let reply = get(&provider, &mut browser, path).await;
        assert_eq!(reply.status, 400, "{path}");
    }
}

/// A relying party that has no part in the session may know the name (an `ImmutableID` is the same
/// everywhere), and ends nothing by it.
#[tokio::test]
async fn who_has_no_part_in_a_session_does_not_end_it() {
    let provider = start();
    let (mut browser, known) = wendy(&provider).await;
    let signer = signer(&provider);
    for (issuer, by) in [(SECOND, Some(&signer)), (LOOSE, None)] {
        let request = logout_request(
            &provider,
            &Known {
                issuer,
                ..known.clone()
            },
        );
        let (before, _) = request
            .split_once("<samlp:SessionIndex>")
            .expect("an index");
        let document = format!("{before}</samlp:LogoutRequest>");
        let reply = bring(&provider, &mut browser, Carried::Request, &document, by).await;
        let answer = if issuer == SECOND {
            crate::provider::posted(&reply).document
        } else {
            redirected(&reply, Carried::Response).document
        };
        assert_eq!(status(&answer), UNKNOWN, "{issuer}");
        assert!(is_signed_in(&provider, &mut browser).await, "{issuer}");
    }
    // One that is told nowhere how it went: the person is.
    let quiet = sign_in(&provider, &mut browser, QUIET).await;
    let document = logout_request(&provider, &quiet).replace(&quiet.session_index, "_0");
    let reply = bring(
        &provider,
        &mut browser,
        Carried::Request,
        &document,
        Some(&signer),
    )
    .await;
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("The sign-out request cannot be used"));
    assert!(is_signed_in(&provider, &mut browser).await);
}

/// The request that the first relying party is told by, opened from the page's frame.
async fn told(
    provider: &Provider,
    browser: &mut homerealm::http::client::Client,
) -> (String, homerealm::http::client::Reply) {
    let page = get(provider, browser, "/signout").await;
    let frame = frames(&page).pop().expect("a frame");
    let request = get(provider, browser, &frame).await;
    let request = redirected(&request, Carried::Request).document;
    (
        crate::parties::between(&request, " ID=\"", "\"").to_owned(),
        page,
    )
}

/// An answer counts once it is known whose it is, and to what.
#[tokio::test]
async fn an_answer_to_nothing_is_ignored() {
    let provider = start();
    let (mut browser, _) = wendy(&provider).await;
    let ours = signer(&provider);
    let foreign = create_signing_key("foreign", 1).expect("a key").signer;
    let (id, page) = told(&provider, &mut browser).await;
    let good = logout_response(&provider, SP, &id, "Success");
    let cases: [(&str, String, Option<&Signer>, u16); 7] = [
        ("unsigned", good.clone(), None, 400),
        ("a foreign signature", good.clone(), Some(&foreign), 400),
        (
            "to another request",
            logout_response(&provider, SP, "_0", "Success"),
            Some(&ours),
            400,
        ),
        (
            "of another relying party",
            logout_response(&provider, SECOND, &id, "Success"),
            Some(&ours),
            400,
        ),
        (
            "of a stranger",
            logout_response(&provider, "https://stranger.test", &id, "Success"),
            Some(&ours),
            403,
        ),
        (
            "to another address",
            good.replace(&slo_url(&provider), "https://idp.test/saml2/slo"),
            Some(&ours),
            400,
        ),
        (
            "another kind",
            good.replace("LogoutResponse", "Response"),
            Some(&ours),
            400,
        ),
    ];
    for (what, document, signer, expected) in cases {
        let reply = bring(
            &provider,
            &mut browser,
            Carried::Response,
            &document,
            signer,
        )
        .await;
        assert_eq!(reply.status, expected, "{what}: {}", reply.text());
        let after = press(&mut browser, &page, None).await.text();
        assert!(
            after.contains("may still have you signed in"),
            "{what}: {after}"
        );
    }
    let lines = provider.audit("request-refused", 7);
    let said = lines.iter().filter_map(|line| line["cause"].as_str());
    let ignored = said.filter(|cause| cause.contains("answers nothing that was asked"));
    assert_eq!(ignored.count(), 2, "{lines:?}");
    assert_eq!(provider.audit("sign-out-confirmed", 0).len(), 0);

    let reply = bring(
        &provider,
        &mut browser,
        Carried::Response,
        &good,
        Some(&ours),
    )
    .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let after = press(&mut browser, &page, None).await.text();
    assert!(after.contains("<h1>You are signed out</h1>"), "{after}");
}

fn with_attribute(document: &str, name: &str, value: &str) -> String {
    let (before, rest) = document.split_once(&format!("{name}=\"")).expect(name);
    let (_, after) = rest.split_once('"').expect("an end");
    format!("{before}{name}=\"{value}\"{after}")
}

fn with_instant(document: &str, value: &str) -> String {
    with_attribute(document, "IssueInstant", value)
}
