//! A relying party asks for a session's end.

use homerealm::saml2::Carried;
use serde_json::json;

use crate::{
    parties::{
        LOOSE, SECOND, SLO, bring, is_signed_in, logout_request, parameters, publish_metadata,
        pysaml2, redirected, session_cookie, sign_in, signer, start, status, wendy,
    },
    provider::{Asked, ISSUER, SP, posted},
    raw::{Raw, SESSION_COOKIE},
};

/// pysaml2 asks by both bindings, and takes the answer: signed, to its request, Success. The session
/// ends on the server: a cookie that somebody kept is worth nothing.
#[tokio::test]
async fn pysaml2_ends_the_session_by_both_bindings() {
    let provider = start();
    let metadata = publish_metadata(&provider).await;
    for binding in ["HTTP-POST", "HTTP-Redirect"] {
        let announced = format!(
            "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" \
             Location=\"{}\">",
            provider.url("/saml2/slo")
        );
        assert!(metadata.contains(&announced), "{announced} in {metadata}");
    }
    for binding in ["redirect", "post"] {
        let (mut browser, known) = wendy(&provider).await;
        let kept = session_cookie(&browser).expect("a session");
        let order = json!({"do": "logout", "binding": binding});
        let asked = pysaml2(&provider, SP, SLO, &known, order);
        let reply = if binding == "redirect" {
            let url = asked["url"].as_str().expect("a URL");
            browser.get(&url.parse().expect("a URL"), None).await
        } else {
            let fields = asked["fields"].as_object().expect("fields").iter();
            let fields: Vec<(String, String)> = fields
                .map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()))
                .collect();
            let url = asked["action"].as_str().expect("a URL");
            let url = url.parse().expect("a URL");
            browser.post_form(&url, &fields, None).await
        };
        let reply = reply.expect("an answer");
        assert_eq!(session_cookie(&browser), None, "{binding}");
        let answer = redirected(&reply, Carried::Response);
        assert_eq!(answer.address, SLO);
        let message = parameters(&answer.query);
        let order = json!({"do": "logout_answer", "binding": "redirect", "message": message});
        let read = pysaml2(&provider, SP, SLO, &known, order);
        assert_eq!(read["in_response_to"], asked["id"]);
        assert_eq!(read["issuer"], ISSUER);
        assert_eq!(
            read["status"],
            json!(["urn:oasis:names:tc:SAML:2.0:status:Success"])
        );
        assert_eq!(read["relay_state"], "state of the sp");

        assert!(!is_signed_in(&provider, &mut browser).await, "{binding}");
        let by_the_thief = Raw::get(Asked::new().to_redirect())
            .header("Cookie", format!("{SESSION_COOKIE}={kept}"))
            .send(&provider)
            .await;
        assert!(by_the_thief.is_sign_in_page(), "{binding}");
        let line = provider.audit("signed-out", 1).pop().expect("a line");
        assert_eq!(line["relying_party"], SP);
    }
}

/// The same by a relying party that wants its messages by HTTP-POST: the answer is signed itself, and
/// goes to the address for answers.
#[tokio::test]
async fn an_answer_goes_by_post_where_the_trust_says_so() {
    let provider = start();
    publish_metadata(&provider).await;
    let mut browser = provider.browser();
    let known = sign_in(&provider, &mut browser, SECOND).await;
    let document = logout_request(&provider, &known);
    let signer = signer(&provider);
    let page = bring(
        &provider,
        &mut browser,
        Carried::Request,
        &document,
        Some(&signer),
    )
    .await;
    let answer = posted(&page);
    assert_eq!(answer.action, "https://second.test/slo/answer");
    assert_eq!(answer.relay_state.as_deref(), Some("state+of the=sp"));
    assert_eq!(status(&answer.document), ["Success"]);
    let message = json!({"SAMLResponse": answer.base64});
    let order = json!({"do": "logout_answer", "binding": "post", "message": message});
    let read = pysaml2(&provider, SECOND, &answer.action, &known, order);
    assert_eq!(read["signed"], true);
    assert!(!is_signed_in(&provider, &mut browser).await);
}

/// An unsigned request ends the session of this very browser, where the trust permits it, and no
/// other one.
#[tokio::test]
async fn an_unsigned_request_ends_nothing_but_this_browsers_session() {
    let provider = start();
    let mut other = provider.browser();
    let known = sign_in(&provider, &mut other, LOOSE).await;
    let mut browser = provider.browser();
    sign_in(&provider, &mut browser, LOOSE).await;
    // The same person, by the same name, without saying which of her sessions.
    let request = logout_request(&provider, &known);
    let (before, _) = request
        .split_once("<samlp:SessionIndex>")
        .expect("an index");
    let document = format!("{before}</samlp:LogoutRequest>");
    let mut nobody = provider.browser();
    for browser in [&mut nobody, &mut browser] {
        let reply = bring(&provider, browser, Carried::Request, &document, None).await;
        let answer = redirected(&reply, Carried::Response);
        assert_eq!(answer.address, "https://loose.test/slo");
        assert_eq!(status(&answer.document), ["Success"]);
    }
    assert!(!is_signed_in(&provider, &mut browser).await);
    assert!(is_signed_in(&provider, &mut other).await);
    // Brought again it finds nobody, and where she has signed in anew, not the session it names.
    let reply = bring(&provider, &mut browser, Carried::Request, &request, None).await;
    assert_eq!(
        status(&redirected(&reply, Carried::Response).document),
        ["Success"]
    );
    sign_in(&provider, &mut browser, LOOSE).await;
    let reply = bring(&provider, &mut browser, Carried::Request, &request, None).await;
    let answer = redirected(&reply, Carried::Response);
    assert_eq!(status(&answer.document), ["Requester", "UnknownPrincipal"]);
    assert!(is_signed_in(&provider, &mut browser).await);
}

/// Somebody who wants no answer gets none, and the person a page.
#[tokio::test]
async fn an_asynchronous_request_is_not_answered() {
    let provider = start();
    let (mut browser, known) = wendy(&provider).await;
    let signer = signer(&provider);
    let document = logout_request(&provider, &known).replace(
        "</saml:Issuer>",
        "</saml:Issuer><samlp:Extensions><a:Asynchronous \
         xmlns:a=\"urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo\"/></samlp:Extensions>",
    );
    let page = bring(
        &provider,
        &mut browser,
        Carried::Request,
        &document,
        Some(&signer),
    )
    .await;
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(text.contains("<h1>You are signed out</h1>"), "{text}");
    assert!(
        !text.contains("<form") && !text.contains("<iframe"),
        "{text}"
    );
    assert!(!is_signed_in(&provider, &mut browser).await);
}
